import { EvidenceError } from '../checks.ts';

/** An element of a document of the plain kind below. */
export interface XmlElement {
  /** Empty: none. */
  readonly namespace: string;
  readonly localName: string;
  /** Without declarations of namespaces; by name, or by `{namespace}name` where it has a prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly inside of it. */
  readonly text: string;
  /** Its text in the document. */
  readonly source: string;
}

const MAX_LENGTH = 1_048_576;
const MAX_ELEMENTS = 4096;
const MAX_ATTRIBUTES = 256;
const MAX_DEPTH = 16;
const MAX_NAMESPACES = 32;

const DECLARATION = /<\?xml version=["']1\.[01]["'](?: encoding=["']UTF-8["'])?(?: standalone=["'](?:yes|no)["'])?\s*\?>/iy;
const SPACE = /[ \t\r\n]*/y;
const NAME = /(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)/y;
const EQUALS = /[ \t\r\n]*=[ \t\r\n]*/y;
const QUOTED = /"[^"<]*"|'[^'<]*'/y;
const TEXT = /[^<]*/y;
const REFERENCE = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';

type Scope = ReadonlyMap<string, string>;

interface Name {
  readonly prefix: string;
  readonly localName: string;
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('malformed', `XML: ${what}`);
}

function decodeReferences(text: string): string {
  return text.replace(REFERENCE, (_, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? '';
    const code = Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10);
    if (Number.isNaN(code) || code === 0 || code > 0x10ffff) throw malformed('a reference that is none');
    return String.fromCodePoint(code);
  });
}

/**
 * Reads XML that says one thing only: elements, attributes and text. Comments, CDATA, processing instructions and document types are
 * refused, because readers differ in what they make of them, and so is everything beyond the limits. EvidenceError `malformed`.
 */
export function readXml(bytes: Buffer): XmlElement {
  if (bytes.length > MAX_LENGTH) throw malformed('the document is too long');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('no UTF-8');
  }
  return new XmlReader(text).readDocument();
}

class XmlReader {
  readonly #text: string;
  #at = 0;
  #elements = 0;
  #namespaces = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readDocument(): XmlElement {
    this.#match(DECLARATION);
    this.#match(SPACE);
    const root = this.#readElement(new Map([['xml', XML_NAMESPACE]]), 1);
    this.#match(SPACE);
    if (this.#at < this.#text.length) throw malformed('something follows the document');
    return root;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #takes(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  #demand(literal: string): void {
    if (!this.#takes(literal)) throw malformed(`no ${literal} at ${String(this.#at)}`);
  }

  #readName(): Name {
    const match = this.#match(NAME);
    if (match === null) throw malformed(`no name at ${String(this.#at)}`);
    return { prefix: match[1] ?? '', localName: match[2] ?? '' };
  }

  #readElement(outer: Scope, depth: number): XmlElement {
    this.#elements += 1;
    if (depth > MAX_DEPTH || this.#elements > MAX_ELEMENTS) throw malformed('too many elements');
    const start = this.#at;
    this.#demand('<');
    const name = this.#readName();
    const { attributes, scope } = this.#readAttributes(outer);
    const children: XmlElement[] = [];
    let text = '';
    if (!this.#takes('/>')) {
      this.#demand('>');
      text = decodeReferences(this.#match(TEXT)?.[0] ?? '');
      while (!this.#takes('</')) {
        children.push(this.#readElement(scope, depth + 1));
        text += decodeReferences(this.#match(TEXT)?.[0] ?? '');
      }
      this.#closeElement(name);
    }
    return { namespace: namespaceOf(name.prefix, scope), localName: name.localName, attributes, children, text, source: this.#text.slice(start, this.#at) };
  }

  #closeElement({ prefix, localName }: Name): void {
    const closed = this.#readName();
    if (closed.prefix !== prefix || closed.localName !== localName) throw malformed(`${localName} is closed by ${closed.localName}`);
    this.#match(SPACE);
    this.#demand('>');
  }

  #readAttributes(outer: Scope): { readonly attributes: ReadonlyMap<string, string>; readonly scope: Scope } {
    const scope = new Map(outer);
    const read: { readonly name: Name; readonly value: string }[] = [];
    const seen = new Set<string>();
    while ((this.#match(SPACE)?.[0] ?? '') !== '' && !['>', '/'].includes(this.#text.charAt(this.#at))) {
      const name = this.#readName();
      const value = this.#readValue();
      const qualified = `${name.prefix}:${name.localName}`;
      if (seen.has(qualified) || seen.size >= MAX_ATTRIBUTES) throw malformed(`the attribute ${qualified} comes twice, or there are too many`);
      seen.add(qualified);
      if (name.prefix === 'xmlns' || qualified === ':xmlns') this.#declare(scope, name, value);
      else read.push({ name, value });
    }
    const attributes = new Map(read.map(({ name, value }) => [attributeName(name, scope), value]));
    if (attributes.size < read.length) throw malformed('one attribute under two prefixes');
    return { attributes, scope };
  }

  /** Few are ever needed, and every element below has to look through them. */
  #declare(scope: Map<string, string>, { prefix, localName }: Name, namespace: string): void {
    this.#namespaces += 1;
    if (this.#namespaces > MAX_NAMESPACES) throw malformed('too many namespaces');
    if (prefix === 'xmlns' && (localName === 'xml' || localName === 'xmlns' || namespace === ''))
      throw malformed(`the prefix ${localName} cannot be declared so`);
    scope.set(prefix === '' ? '' : localName, namespace);
  }

  #readValue(): string {
    const quoted = this.#match(EQUALS) === null ? null : this.#match(QUOTED);
    if (quoted === null) throw malformed(`an attribute without a value at ${String(this.#at)}`);
    return decodeReferences(quoted[0].slice(1, -1));
  }
}

function namespaceOf(prefix: string, scope: Scope): string {
  const namespace = scope.get(prefix);
  if (namespace === undefined && prefix !== '') throw malformed(`the prefix ${prefix} is not declared`);
  return namespace ?? '';
}

function attributeName({ prefix, localName }: Name, scope: Scope): string {
  return prefix === '' ? localName : `{${namespaceOf(prefix, scope)}}${localName}`;
}
