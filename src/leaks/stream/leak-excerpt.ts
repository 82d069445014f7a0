import type { Leak } from './text-scan.ts';
import type { TextState } from './text-state.ts';

/** Text around a leak that a person needs in order to judge it. */
const BYTES_BEFORE_LEAK = 120;
const BYTES_AFTER_LEAK = 80;
const KEPT = 512;

/** What a stream still knows of a text: the leak, what stood before it and what has come after it. Empty when it is gone. */
export function excerptOfState(state: TextState, { offset, length }: Leak): string {
  const kept = Buffer.from(state.lastKept(KEPT), 'latin1');
  const first = state.length - kept.length;
  if (offset < first) return '';
  return around(kept, offset - first, length);
}

function around(text: Buffer, offset: number, length: number): string {
  return text.toString('utf8', Math.max(0, offset - BYTES_BEFORE_LEAK), Math.min(text.length, offset + length + BYTES_AFTER_LEAK));
}
