import type { ByteSource } from '../bytes/byte-source.ts';
import { passMemory } from '../bytes/carry-search.ts';
import { FileSource } from '../bytes/file-source.ts';

/** Somebody who wants to see the bytes in [offset, end) once, in order. */
export interface ByteTaker {
  readonly check: string;
  readonly offset: number;
  readonly end: number;
  readonly take: (chunk: Buffer, offset: number) => void;
  readonly done: () => void | Promise<void>;
}

/**
 * Reads a source from start to end and hands its bytes over; `also` sees all of them. Returns where it ended, which is earlier than the
 * source when a file was cut meanwhile. Chunks are valid during a call only.
 */
export function runPass(source: ByteSource, takers: readonly ByteTaker[], signal: AbortSignal, also?: (chunk: Buffer) => void): number {
  const waiting = takers.toSorted((a, b) => a.offset - b.offset);
  // Nothing else runs during the loop, so that all passes of a thread can share one buffer.
  const buffer = passMemory();
  let next = 0;
  let active: ByteTaker[] = [];
  let at = 0;
  while (at < source.size) {
    signal.throwIfAborted();
    const chunk = source instanceof FileSource ? buffer.subarray(0, source.readInto(buffer, at)) : source.read(at, buffer.length);
    if (chunk.length === 0) break;
    const end = at + chunk.length;
    also?.(chunk);
    for (let taker = waiting[next]; taker !== undefined && taker.offset < end; taker = waiting[++next]) active.push(taker);
    for (const taker of active) {
      const [from, to] = [Math.max(taker.offset, at), Math.min(taker.end, end)];
      if (from < to) taker.take(chunk.subarray(from - at, to - at), from);
    }
    if (active.length > 0) active = active.filter((taker) => taker.end > end);
    at = end;
  }
  return at;
}
