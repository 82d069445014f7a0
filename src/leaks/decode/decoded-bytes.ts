import { inflated, isStream } from './inflate.ts';
import { type DecodingBudget, type DerivedText, isMostlyText } from './derived-text.ts';

/** Whether the start of the bytes is that of a text or of a compressed stream. */
export function isWorthwhile(bytes: Uint8Array): boolean {
  return isMostlyText(bytes) || isStream(bytes);
}

/** Decoded bytes as a text to search, unpacked when they are a compressed stream; nothing when they are no text. */
export function textOfBytes(via: string, bytes: Uint8Array, start: number, end: number, budget: DecodingBudget): DerivedText | undefined {
  if (isMostlyText(bytes)) return { via, text: latin1(bytes), start, end };
  const stream = inflated(bytes, budget);
  if (stream === undefined || !isMostlyText(stream.bytes)) return undefined;
  return { via: `${via} ${stream.via}`, text: latin1(stream.bytes), start, end };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
