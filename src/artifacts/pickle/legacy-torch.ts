import type { ByteWindow } from './byte-window.ts';
import type { DictValue, ListValue, StorageClaim, Value } from './values.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001n;
/** Pickles before the raw storages: magic, version, system, object, keys. */
export const LEGACY_STREAMS = 5;

/** Whether the first pickle of a file is the magic number of the old torch format. */
export function isLegacyMagic(result: Value | null | undefined): boolean {
  return result?.kind === 'int' && result.value === MAGIC;
}

/** What is wrong with the second and third pickle, or null. */
export function checkLegacyHead(version: Value | null | undefined, system: Value | null | undefined): string | null {
  if (version?.kind !== 'int' || version.value !== PROTOCOL) return 'the second pickle is no version 1001';
  return system?.kind === 'dict' && isSystem(system) ? null : 'the third pickle does not describe a system';
}

function isSystem(dict: DictValue): boolean {
  const names = new Set(dict.entries.map(([key]) => (key.kind === 'text' ? key.text : null)));
  return ['protocol_version', 'little_endian', 'type_sizes'].every((name) => names.has(name));
}

export interface LegacyStorages {
  /** Behind the last storage that could be read. */
  readonly end: number;
  /** What does not fit, or null. */
  readonly problem: string | null;
}

/**
 * Walks the storages that follow the fifth pickle of the old format: for each key of its list an element count (int64, little-endian)
 * and the elements. What each has was stated by its persistent id.
 */
export function skipLegacyStorages(window: ByteWindow, start: number, keys: Value | null, claims: readonly StorageClaim[]): LegacyStorages {
  if (keys?.kind !== 'list') return { end: start, problem: 'the fifth pickle is no list of storages' };
  const byKey = new Map(claims.map((claim) => [claim.key, claim]));
  let at = start;
  for (const key of keys.items) {
    const claim = key.kind === 'text' && key.text !== null ? byKey.get(key.text) : undefined;
    if (claim === undefined) return { end: at, problem: 'a storage that no tensor names' };
    const count = window.at(at, 8);
    if (count.length < 8) return { end: at, problem: `storage ${JSON.stringify(claim.key)} is cut off` };
    const elements = count.readBigInt64LE(0);
    if (elements !== claim.elements) {
      return { end: at, problem: `storage ${JSON.stringify(claim.key)} has ${String(elements)} elements, its tensors say ${String(claim.elements)}` };
    }
    const end = BigInt(at + 8) + elements * BigInt(claim.itemBytes);
    if (end > BigInt(window.size)) return { end: at, problem: `storage ${JSON.stringify(claim.key)} is cut off` };
    at = Number(end);
  }
  return { end: at, problem: missing(keys, claims) };
}

function missing(keys: ListValue, claims: readonly StorageClaim[]): string | null {
  if (keys.items.length !== keys.count) return null;
  const listed = new Set(keys.items.map((key) => (key.kind === 'text' ? key.text : null)));
  const left = claims.find(({ key }) => !listed.has(key));
  return left === undefined ? null : `storage ${JSON.stringify(left.key)} is not in the file`;
}
