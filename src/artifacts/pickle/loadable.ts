import { inflateSync, constants } from 'node:zlib';
import { bytesSource, type ByteSource } from '../bytes/byte-source.ts';
import { ByteWindow } from './byte-window.ts';
import { OPCODES } from './opcodes.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import { traceStream } from './trace.ts';
import type { GlobalValue } from './values.ts';
import { NO_WATCHER } from './watcher.ts';

const MAGICS = [
  '504b0304',
  '504b0506',
  '1f8b08',
  '425a68',
  'fd377a585a00',
  '28b52ffd',
  '377abcaf271c',
  '934e554d5059',
  '894844460d0a1a0a',
  '47475546',
  '7f454c46',
].map((hex) => Buffer.from(hex, 'hex'));
/** Behind `BZh` and a digit. */
const BZIP2_BLOCK = Buffer.from('314159265359', 'hex');

/** Opcodes that a probe follows. */
const PROBED = 2000;
const PROBED_LINE = 65_536;
const IDENTIFIERS = /^[A-Za-z_][A-Za-z0-9_.]{0,255}$/;

/** Whether bytes begin with the mark of a format that has readers of its own. */
export function startsForeign(head: Buffer): boolean {
  return MAGICS.some((magic) => head.length >= magic.length && head.compare(magic, 0, magic.length, 0, magic.length) === 0);
}

/** Whether bytes begin with something that is loadable, by marks that chance does not bring about. */
export function startsLoadable(head: Buffer): boolean {
  if (head[0] === 0x42) return startsForeign(head) && head.subarray(4, 10).equals(BZIP2_BLOCK);
  if (startsForeign(head)) return true;
  return isDeflated(head);
}

/** zlib: its two check bytes are little, so some of it is inflated. */
function isDeflated(head: Buffer): boolean {
  if (head.length < 16 || head[0] !== 0x78 || ((head[0] << 8) | (head[1] ?? 0)) % 31 !== 0) return false;
  try {
    return inflateSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 20 }).length > 0;
  } catch {
    return false;
  }
}

/** How far the opcodes make sense. */
interface Probe {
  readonly hasProtocol: boolean;
  /** Imports with names that could be names. */
  readonly imports: number;
  readonly calls: number;
  /** Whether STOP was reached with nothing left over. */
  readonly whole: boolean;
  /** Opcodes before the end or the first one that makes none. */
  readonly opcodes: number;
  readonly end: number;
  /** Whether the bytes ended before the stream did. */
  readonly cut: boolean;
}

function probePickle(window: ByteWindow, at: number): Probe {
  let imports = 0;
  let calls = 0;
  const trace = traceStream(window, at, {
    opcodes: PROBED,
    longestLine: PROBED_LINE,
    watcher: {
      ...NO_WATCHER,
      imported: ({ module, name }: GlobalValue) => {
        if (IDENTIFIERS.test(module) && IDENTIFIERS.test(name)) imports += 1;
      },
      called: () => {
        calls += 1;
      },
    },
  });
  const head = window.at(at, 2);
  return {
    hasProtocol: head[0] === 0x80 && (head[1] ?? 9) <= 5,
    imports,
    calls,
    whole: trace.stop === null && trace.left === 0,
    opcodes: trace.opcodes,
    end: trace.end,
    cut: trace.stop?.rule === PICKLE_RULES.truncated,
  };
}

/**
 * Whether a pickle begins there: one that states its protocol and goes on sensibly, or one that imports and calls, or ends well. `effort`
 * counts the opcodes that were followed.
 */
export function beginsPickle(window: ByteWindow, at: number, effort = { opcodes: 0 }): boolean {
  const code = window.byte(at);
  if (code === undefined || OPCODES[code] === undefined || startsForeign(window.at(at, 16))) return false;
  const probe = probePickle(window, at);
  effort.opcodes += probe.opcodes;
  if (probe.hasProtocol) return probe.whole || probe.imports > 0 || probe.opcodes >= 8;
  return (probe.imports > 0 && probe.calls > 0) || (probe.whole && probe.opcodes >= 4);
}

/** Whether bytes could be the beginning of a pickle that goes on. */
export function mayBeginPickle(bytes: Buffer): boolean {
  const code = bytes[0];
  if (code === undefined || OPCODES[code] === undefined) return false;
  const probe = probePickle(new ByteWindow(bytesSource(bytes)), 0);
  return probe.imports > 0 || probe.opcodes >= 8 || probe.whole || (probe.cut && probe.opcodes > 0);
}

/**
 * Whether the first bytes of something, cut or not, are those of a pickle of protocol 2 or later. More is asked than where a pickle
 * may well stand, since numbers begin like one by chance.
 */
export function startsPickle(head: Buffer): boolean {
  if (head[0] !== 0x80 || (head[1] ?? 0) < 2 || (head[1] ?? 9) > 5) return false;
  const { imports, whole, opcodes, cut } = probePickle(new ByteWindow(bytesSource(head)), 0);
  return imports > 0 || whole || opcodes >= (cut ? 3 : 8);
}

export function isPickle(source: ByteSource): boolean {
  return beginsPickle(new ByteWindow(source), 0);
}
