import type { ByteSource } from '../bytes/byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { beginsPickle } from './loadable.ts';

const STEP = 1024 * 1024;
const OVERLAP = 32;
/** Probes in one search: chance brings about one in 16 KiB. */
const MAX_PROBES = 100_000;

/** Modules that payloads import first. */
const MODULES =
  'os posix nt subprocess builtins __builtin__ sys pty commands pickle _pickle marshal runpy importlib operator _operator functools socket webbrowser shutil ctypes codecs pip'.split(
    ' ',
  );

/** How a pickle, or the rest of one, begins that is worth a probe: PROTO, or an import of such a module. */
const MARKS = [
  ...[2, 3, 4, 5].map((version) => Buffer.from([0x80, version])),
  ...MODULES.flatMap((module) => [
    Buffer.from(`c${module}\n`),
    Buffer.from(`i${module}\n`),
    Buffer.from(`V${module}\n`),
    Buffer.from(`\x8c${String.fromCharCode(module.length)}${module}`, 'latin1'),
    Buffer.from(`X${String.fromCharCode(module.length)}\0\0\0${module}`, 'latin1'),
  ]),
];

/** Offset of the first pickle that begins in [from, to), or null. */
export function findStream(source: ByteSource, window: ByteWindow, from: number, to: number, signal: AbortSignal): number | null {
  let probes = 0;
  for (let at = from; at < to; at += STEP) {
    signal.throwIfAborted();
    const end = Math.min(at + STEP, to);
    const bytes = source.read(at, Math.min(end + OVERLAP, to) - at);
    for (const hit of hitsIn(bytes, end - at)) {
      probes += 1;
      signal.throwIfAborted();
      if (probes > MAX_PROBES) return null;
      if (beginsPickle(window, at + hit)) return at + hit;
    }
  }
  return null;
}

function hitsIn(bytes: Buffer, length: number): number[] {
  const hits = new Set<number>();
  for (const mark of MARKS) {
    for (let index = bytes.indexOf(mark); index >= 0 && index < length; index = bytes.indexOf(mark, index + 1)) hits.add(index);
  }
  return [...hits].sort((a, b) => a - b);
}
