/** A start tag. Names are as they stand, with their prefix; values without the five entities and numbers. */
export interface XmlTag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** In the text, in UTF-16 units. */
  readonly at: number;
}

export interface XmlOutline {
  /** Declarations of the document type: `<!ENTITY a SYSTEM "x">`. */
  readonly entities: readonly { readonly name: string; readonly external: string | undefined; readonly value: string; readonly at: number }[];
  /** An external document type. */
  readonly external: string | undefined;
  readonly instructions: readonly { readonly target: string; readonly text: string; readonly at: number }[];
  readonly fault: { readonly at: number; readonly reason: string } | undefined;
}

const MAX_TAGS = 1_000_000;
const MAX_ENTITIES = 1000;
const MAX_ATTRIBUTES = 500;
const NAME = /[^\s<>/="'!?]{1,300}/y;
const ENTITY =
  /<!ENTITY\s{1,20}(?:%\s{1,20})?([^\s"'>]{1,200})\s{1,20}(?:(SYSTEM|PUBLIC)\s{1,20}(?:"([^"]{0,2000})"|'([^']{0,2000})')|"([^"]{0,100000})"|'([^']{0,100000})')/g;
const DOCTYPE =
  /^<!DOCTYPE\s{1,20}[^\s>[]{1,200}\s{1,20}(?:SYSTEM|PUBLIC\s{1,20}(?:"[^"]{0,500}"|'[^']{0,500}'))\s{0,20}(?:"([^"]{1,2000})"|'([^']{1,2000})')?/;

/** Goes over the tags of an XML text without building a tree or resolving anything. */
export function walkXml(text: string, visit: (tag: XmlTag) => void, signal: AbortSignal): XmlOutline {
  const walk = new XmlWalk(text, visit, signal);
  walk.run();
  return walk;
}

class XmlWalk implements XmlOutline {
  readonly entities: { name: string; external: string | undefined; value: string; at: number }[] = [];
  external: string | undefined;
  readonly instructions: { target: string; text: string; at: number }[] = [];
  fault: { at: number; reason: string } | undefined;
  readonly #text: string;
  readonly #visit: (tag: XmlTag) => void;
  readonly #signal: AbortSignal;

  constructor(text: string, visit: (tag: XmlTag) => void, signal: AbortSignal) {
    this.#text = text;
    this.#visit = visit;
    this.#signal = signal;
  }

  run(): void {
    let tags = 0;
    for (let at = this.#text.indexOf('<'); at >= 0; at = this.#text.indexOf('<', at)) {
      if (++tags % 1024 === 0) this.#signal.throwIfAborted();
      at = tags > MAX_TAGS ? this.#fail(at, `more than ${String(MAX_TAGS)} tags`) : this.#step(at);
    }
  }

  #fail(at: number, reason: string): number {
    this.fault ??= { at, reason };
    return this.#text.length;
  }

  /** Where it goes on. */
  #step(at: number): number {
    const text = this.#text;
    if (text.startsWith('<!--', at)) return this.#past('-->', at, 'a comment');
    if (text.startsWith('<![CDATA[', at)) return this.#past(']]>', at, 'a CDATA section');
    if (text.startsWith('<?', at)) {
      const end = this.#past('?>', at, 'an instruction');
      if (this.fault === undefined && this.instructions.length < MAX_ENTITIES) this.instructions.push(instruction(text.slice(at + 2, end - 2), at));
      return end;
    }
    if (text.startsWith('<!DOCTYPE', at)) return this.#documentType(at);
    if (text[at + 1] === '/' || text[at + 1] === '!') return this.#past('>', at, 'a tag');
    return this.#tag(at);
  }

  #past(mark: string, at: number, what: string): number {
    const end = this.#text.indexOf(mark, at);
    return end < 0 ? this.#fail(at, `${what} without end`) : end + mark.length;
  }

  #documentType(at: number): number {
    const text = this.#text;
    const bracket = text.indexOf('[', at);
    const close = text.indexOf('>', at);
    if (close < 0) return this.#fail(at, 'a document type without end');
    const head = DOCTYPE.exec(text.slice(at, at + 5000));
    this.external = head?.[1] ?? head?.[2];
    if (bracket < 0 || bracket > close) return close + 1;
    const end = text.includes(']>', bracket) ? text.indexOf(']>', bracket) : text.indexOf(']', bracket);
    if (end < 0) return this.#fail(at, 'a document type without end');
    for (const match of text.slice(bracket, end).matchAll(ENTITY)) {
      if (this.entities.length >= MAX_ENTITIES) break;
      const [, name = '', kind, double, single, valueA, valueB] = match;
      this.entities.push({
        name,
        external: kind === undefined ? undefined : (double ?? single ?? ''),
        value: valueA ?? valueB ?? '',
        at: bracket + match.index,
      });
    }
    return end + 1;
  }

  #tag(start: number): number {
    const text = this.#text;
    const name = this.#name(start + 1);
    // A bare sign in a text: no XML, but nobody's danger.
    if (name === '') return start + 1;
    const attributes = new Map<string, string>();
    let at = start + 1 + name.length;
    for (;;) {
      while (/\s/.test(text[at] ?? '') || text[at] === '/') at++;
      if (text[at] === '>') break;
      if (at >= text.length || text[at] === '<') return this.#fail(start, 'a tag without end');
      const key = this.#name(at);
      at += Math.max(1, key.length);
      while (/\s/.test(text[at] ?? '')) at++;
      if (text[at] !== '=') continue;
      at++;
      while (/\s/.test(text[at] ?? '')) at++;
      const quote = text[at];
      const end = quote === '"' || quote === "'" ? text.indexOf(quote, at + 1) : -1;
      if (end < 0) return this.#fail(start, 'a value without end');
      if (attributes.size < MAX_ATTRIBUTES) attributes.set(key, plain(text.slice(at + 1, Math.min(end, at + 100_000))));
      at = end + 1;
    }
    this.#visit({ name, attributes, at: start });
    return at + 1;
  }

  #name(at: number): string {
    NAME.lastIndex = at;
    return NAME.exec(this.#text)?.[0] ?? '';
  }
}

function instruction(text: string, at: number): { target: string; text: string; at: number } {
  const [target = ''] = text.split(/\s/, 1);
  return { target, text: text.slice(target.length).trim().slice(0, 2000), at };
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function plain(value: string): string {
  if (!value.includes('&')) return value;
  return value.replace(/&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g, (whole: string, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
