/** What stands in one server-sent event. */
export interface EventText {
  /** The `data:` lines joined by LF; undefined when there are none. */
  readonly data: string | undefined;
  /** All other lines that are not empty: names, ids, comments. No client shows them, and yet they leave. */
  readonly rest: string;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes, or undefined when they are no UTF-8. */
export function utf8Text(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads an event with or without its blank line (WHATWG HTML, section 9.2.6); undefined when it is no UTF-8. */
export function eventText(bytes: Buffer): EventText | undefined {
  const text = utf8Text(bytes);
  if (text === undefined) return undefined;
  let data: string | undefined;
  let rest = '';
  // A byte order mark at the start of a stream belongs to no line.
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    if (line === 'data' || line.startsWith('data:')) {
      const value = line.slice(line.startsWith('data: ') ? 6 : 5);
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (line !== '') rest += `${line}\n`;
  }
  return { data, rest };
}
