import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import { localHeaderAt } from '../archives/zip-records.ts';
import { nativeCodeAt } from './native-code.ts';
import { ByteWindow } from '../pickle/byte-window.ts';
import { traceStream } from '../pickle/trace.ts';
import { NO_WATCHER } from '../pickle/watcher.ts';
import type { Inside, Unit } from './reader.ts';
import { SCAN_RULES } from './scan-rules.ts';
import { isTarHeader } from './sniff.ts';

const STEP = 1024 * 1024;
const OVERLAP = 1024;
const MAX_HITS = 64;

/** Opcodes that were followed. */
interface Effort {
  opcodes: number;
}

/** A format that may begin anywhere. `at`: where its mark stands in it. `valid` looks at the whole header. */
interface Embedded {
  readonly name: string;
  readonly mark: Buffer;
  readonly at: number;
  /** Names what is there, or null when the mark was chance. */
  valid(source: ByteSource, offset: number, effort: Effort): string | null;
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const named =
  (name: string, test: (source: ByteSource, offset: number, effort: Effort) => boolean) =>
  (source: ByteSource, offset: number, effort: Effort): string | null =>
    test(source, offset, effort) ? name : null;

const FORMATS: readonly Embedded[] = [
  { name: 'zip', mark: hex('504b0304'), at: 0, valid: named('zip', (source, offset) => localHeaderAt(source, offset) !== null) },
  { name: '7z', mark: hex('377abcaf271c'), at: 0, valid: named('7z', (source, offset) => (source.read(offset, 32)[6] ?? 9) === 0) },
  { name: 'gguf', mark: hex('47475546'), at: 0, valid: named('gguf', isGguf) },
  { name: 'hdf5', mark: hex('894844460d0a1a0a'), at: 0, valid: named('hdf5', (source, offset) => (source.read(offset + 8, 1)[0] ?? 9) <= 3) },
  { name: 'tar', mark: Buffer.from('ustar'), at: 257, valid: named('tar', (source, offset) => isTarHeader(source.read(offset, 512))) },
  { name: 'npy', mark: hex('934e554d5059'), at: 0, valid: named('npy', (source, offset) => [1, 2, 3].includes(source.read(offset + 6, 1)[0] ?? 0)) },
  { name: 'elf', mark: hex('7f454c46'), at: 0, valid: nativeCodeAt },
  { name: 'pe', mark: Buffer.from('MZ'), at: 0, valid: nativeCodeAt },
  { name: 'mach', mark: hex('cffaedfe'), at: 0, valid: nativeCodeAt },
  { name: 'fat', mark: hex('cafebabe'), at: 0, valid: nativeCodeAt },
  ...[2, 3, 4, 5].map((version) => ({ name: 'pickle', mark: Buffer.from([0x80, version]), at: 0, valid: named('pickle', isPickle) })),
];

function isGguf(source: ByteSource, offset: number): boolean {
  const head = source.read(offset, 24);
  if (head.length < 24) return false;
  const version = head.readUInt32LE(4);
  return version >= 1 && version <= 3 && head.readBigUInt64LE(8) < 1_000_000n && head.readBigUInt64LE(16) < 1_000_000n;
}

/** Random bytes do not get as far as an import by name. A pickle without one does nothing. */
function isPickle(source: ByteSource, offset: number, effort: Effort): boolean {
  let imports = 0;
  const imported = ({ module, name }: { readonly module: string; readonly name: string }): void => {
    if (IDENTIFIERS.test(module) && IDENTIFIERS.test(name)) imports++;
  };
  const trace = traceStream(new ByteWindow(source), offset, { opcodes: PROBED, watcher: { ...NO_WATCHER, imported } });
  effort.opcodes += trace.opcodes;
  return imports > 0 && trace.opcodes >= 4;
}

const PROBED = 2000;
/** Opcodes of all probes of one search, and one more for each byte. */
const MAX_OPCODES = 500_000;
const IDENTIFIERS = /^[A-Za-z_][A-Za-z0-9_.]{0,255}$/;

interface Hit {
  readonly format: Embedded;
  readonly offset: number;
  readonly what: string;
}

/**
 * Looks for formats that begin in a range of a unit which its own format does not use, reports each whose whole header is right, and
 * has its bytes scanned up to the end of the range. Resolves with how many there were.
 */
export async function searchEmbedded(unit: Unit, from: number, to: number, how: Inside): Promise<number> {
  unit.checked('embedded formats');
  let hits = 0;
  let pickles = false;
  const effort = { opcodes: 0, most: MAX_OPCODES + to - from };
  for (let at = from; at < to;) {
    unit.signal.throwIfAborted();
    const end = Math.min(at + STEP, to);
    let next = end;
    for (const hit of hitsIn(unit.source, at, end, to, effort)) {
      if (hit.format.name === 'pickle' && pickles) continue;
      pickles ||= hit.format.name === 'pickle';
      if (++hits > MAX_HITS) return hits;
      await report(unit, hit, to, how);
      // Its own reader looks at everything behind the first member.
      if (hit.format.name === 'zip' || hit.format.name === 'tar') return hits;
      next = Math.max(next, hit.offset + 1);
    }
    at = next;
  }
  if (effort.opcodes > effort.most) {
    unit.found(SCAN_RULES.searchLimit, from, 'too many places look like the beginning of a pickle');
    unit.notChecked('embedded pickles', 'too many places look like one');
  }
  return hits;
}

async function report(unit: Unit, { offset, what }: Hit, to: number, how: Inside): Promise<void> {
  unit.found(SCAN_RULES.embedded, offset, what);
  await unit.inside(sliceSource(unit.source, offset, to - offset), `bytes from ${String(offset)}`, how, offset);
}

/** Formats that begin in [from, end), in order. Marks may reach over `end`, as far as `to`. */
function hitsIn(source: ByteSource, from: number, end: number, to: number, effort: Effort & { readonly most: number }): Hit[] {
  const bytes = source.read(from, Math.min(end + OVERLAP, to) - from);
  const hits: Hit[] = [];
  for (const format of FORMATS) {
    let found = 0;
    for (let index = bytes.indexOf(format.mark); index >= 0 && found < MAX_HITS; index = bytes.indexOf(format.mark, index + 1)) {
      const offset = from + index - format.at;
      if (offset < from || offset >= end) continue;
      if (format.name === 'pickle' && effort.opcodes > effort.most) break;
      const what = format.valid(source, offset, effort);
      if (what === null) continue;
      found++;
      hits.push({ format, offset, what });
    }
  }
  return hits.sort((a, b) => a.offset - b.offset);
}
