import { SseFramer } from '../../../src/gateway/streams/sse-framer.ts';
import { InspectedStream, type InspectionFault } from '../../../src/leaks/stream/inspected-stream.ts';
import type { InspectionTable } from '../../../src/leaks/stream/inspection-table.ts';
import type { AnswerApi } from '../../../src/leaks/stream/text-piece.ts';
import type { Leak } from '../../../src/leaks/stream/text-scan.ts';

export interface StreamRun {
  /** What has left. */
  readonly out: string;
  readonly leaks: readonly Leak[];
  readonly fault: InspectionFault | undefined;
  readonly mostHeld: number;
}

/** Sends reads through framing and inspection, as a gateway does. `ends`: the upstream comes to its end; else it is aborted. */
export function runStream(
  table: InspectionTable,
  api: AnswerApi,
  reads: readonly Buffer[],
  { mode = 'cut', ends = true }: { readonly mode?: 'observe' | 'redact' | 'cut'; readonly ends?: boolean } = {},
): StreamRun {
  const stream = new InspectedStream(table, api, { mode });
  const framer = new SseFramer({ event: (bytes, start, end) => stream.push(bytes, start, end) }, 1_000_000);
  let out = '';
  let mostHeld = 0;
  for (const read of reads) {
    framer.push(read);
    for (const { bytes, start, end } of stream.settle()) out += bytes.toString('utf8', start, end);
    mostHeld = Math.max(mostHeld, stream.heldBytes);
    if (stream.mustCut) break;
  }
  if (ends) for (const { bytes, start, end } of stream.end()) out += bytes.toString('utf8', start, end);
  return { out, leaks: stream.leaks, fault: stream.fault, mostHeld };
}

/** Events as one body of a stream. */
export function eventStream(data: readonly string[]): Buffer {
  return Buffer.from(data.map((one) => `data: ${one}\n\n`).join(''));
}

/** The same bytes in reads of `size` bytes. */
export function readsOf(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** What a client makes of the stream: the values of its events. */
export function clientEvents(out: string): readonly unknown[] {
  return out
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event): unknown => JSON.parse(event.slice(6)));
}
