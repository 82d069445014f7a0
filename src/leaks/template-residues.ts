/** A short message of a conversation that may be one of several with the same frame around a fragment. */
const MAX_LENGTH = 400;
const MAX_MESSAGES = 24;
const MIN_FRAME = 8;

/** The last short messages, the new one at the end. */
export function withRecent(recent: readonly string[], message: string): readonly string[] {
  return message.length > MAX_LENGTH ? [] : [...recent, message].slice(-MAX_MESSAGES);
}

function commonStart(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}

function commonEnd(a: string, b: string, start: number): number {
  const max = Math.min(a.length, b.length) - start;
  let length = 0;
  while (length < max && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length)) length += 1;
  return length;
}

/** What the last messages with one frame ("The next part is ... as requested.") have within it. */
export interface Residues {
  /** Joined, as they are and without a number in front of each. */
  readonly texts: readonly string[];
  /** In the last message. */
  readonly start: number;
  readonly end: number;
}

/** Undefined when the last two messages have no frame of at least eight characters in common. */
export function templateResidues(recent: readonly string[]): Residues | undefined {
  const last = recent.at(-1) ?? '';
  let [first, start, end] = [recent.length - 1, last.length, last.length];
  for (; first > 0; first -= 1) {
    const other = recent[first - 1] ?? '';
    const head = Math.min(start, commonStart(last, other));
    const tail = Math.min(end, commonEnd(last, other, head), last.length - head);
    if (head + tail < MIN_FRAME) break;
    [start, end] = [head, tail];
  }
  const framed = recent.slice(first);
  if (framed.length < 2) return undefined;
  const parts = framed.map((message) => message.slice(start, message.length - end));
  return {
    texts: [parts.join(''), parts.map((part) => part.replace(/^\s*\(?\d{1,3}(?:[/\s]{1,4}\d{1,3})?[^\w\s]+/, '')).join('')],
    start,
    end: last.length - end,
  };
}
