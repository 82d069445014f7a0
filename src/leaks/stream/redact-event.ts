import { asRecord } from '../../core/json.ts';
import { eventText } from './event-text.ts';
import { indexOf } from './text-piece.ts';
import type { Leak } from './text-scan.ts';

/** Part of the text that one event adds to a choice, in bytes of its UTF-8, the end exclusive. */
export interface Redaction {
  readonly choice: string;
  readonly field: string;
  readonly from: number;
  readonly to: number;
  /** The leak begins in this event: the mark stands here. */
  readonly first: boolean;
}

const MARK = '[redacted]';

/**
 * Only the plain text of chat is sent once and shown as it comes; its log probabilities repeat it and go. A credential that goes on behind
 * what was found cannot be taken out.
 */
export function canRedact({ kind, field, whole }: Leak): boolean {
  return (kind === 'canary' || whole) && (field === 'content' || field.startsWith('logprobs.'));
}

/** The event without these parts and without the log probabilities of their choices; undefined where the text is no plain string. */
export function redactEvent(bytes: Buffer, redactions: readonly Redaction[]): Buffer | undefined {
  const text = eventText(bytes);
  if (text?.data === undefined) return undefined;
  // What was inspected before is JSON.
  const event = asRecord(JSON.parse(text.data));
  const choices = event?.['choices'];
  if (!Array.isArray(choices)) return undefined;
  const redacted = choices.map((entry: unknown, at) =>
    redactChoice(
      entry,
      redactions.filter(({ choice }) => choice === indexOf(entry, at)),
    ),
  );
  if (redacted.includes(undefined)) return undefined;
  return Buffer.from(`${text.rest}data: ${JSON.stringify({ ...event, choices: redacted })}\n\n`);
}

function redactChoice(entry: unknown, redactions: readonly Redaction[]): unknown {
  if (redactions.length === 0) return entry;
  const choice = asRecord(entry);
  const delta = asRecord(choice?.['delta']);
  const parts = redactions.filter(({ field }) => field === 'content').toSorted((a, b) => b.from - a.from || b.to - a.to);
  if (parts.length === 0) return { ...choice, logprobs: null };
  const { content } = delta ?? {};
  if (typeof content !== 'string') return undefined;
  return { ...choice, delta: { ...delta, content: withoutParts(Buffer.from(content), parts) }, logprobs: null };
}

/** @param parts The last one first; they may overlap. */
function withoutParts(bytes: Buffer, parts: readonly Redaction[]): string {
  let rest = '';
  let end = bytes.length;
  for (const { from, to, first } of parts) {
    if (to < end) rest = bytes.toString('utf8', to, end) + rest;
    if (first && from < end) rest = MARK + rest;
    end = Math.min(end, from);
  }
  return bytes.toString('utf8', 0, end) + rest;
}
