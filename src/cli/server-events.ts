/** One server-sent event: its name and its data as text. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

/** Takes text in any pieces and gives whole events (WHATWG HTML 9.2; comments and ids are ignored). Throws when one event is too long. */
export class ServerEventReader {
  #rest = '';
  #name = '';
  #data: string[] = [];

  push(text: string): readonly ServerEvent[] {
    this.#rest += text;
    if (this.#rest.length > MAX_EVENT_CHARACTERS) throw new Error('an event of the answer is too long');
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, '')));
  }

  #line(line: string): readonly ServerEvent[] {
    if (line !== '') {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === 'event') this.#name = value;
      else if (field === 'data') this.#data.push(value);
      return [];
    }
    const event = { name: this.#name, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    return isEmpty ? [] : [event];
  }
}
