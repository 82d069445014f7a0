import type { Reader, Unit } from '../scan/reader.ts';
import { isText } from '../scan/sniff.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';
import { findSecrets } from '../text/secrets.ts';
import { TEXT_RULES } from '../text/text-rules.ts';
import { leavingPath } from './leaving-paths.ts';
import { walkXml, type XmlOutline, type XmlTag } from './xml-tags.ts';
import { XML_RULES } from './xml-rules.ts';

/** Graphs of OpenVINO have some megabytes. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_FOUND = 200;
const NAME = /\.(?:xml|svg|pmml|xsl|xslt|plist)$/i;
const HTML = /\.x?html?$/i;
const START = /^(?:\xef\xbb\xbf)?\s{0,100}<(?:\?xml[\s?]|!DOCTYPE (?!html)|(?:net|PMML|svg)[\s>])/i;

/** Reads XML: libraries that OpenVINO loads, external references, expanding entities, scripts in pictures (reference, section 13). */
export const XML_READER: Reader = {
  format: 'xml',
  recognizes: (head, { name }) => isText(head) && (NAME.test(name) || (!HTML.test(name) && START.test(head.toString('latin1', 0, 512)))),
  read: (unit) => {
    readXml(unit);
    return Promise.resolve();
  },
};

function readXml(unit: Unit): void {
  const bytes = unit.source.read(0, MAX_BYTES);
  const text = textOf(bytes);
  const offsetOf = (at: number): number => Buffer.byteLength(text.slice(0, at));
  let found = 0;
  const outline = walkXml(
    text,
    (tag) => {
      // Each costs a look at the text before it; enough is said with so many.
      if (found < MAX_FOUND) judgeTag(unit, tag, () => (++found, offsetOf(tag.at)));
    },
    unit.signal,
  );
  judgeOutline(unit, outline, offsetOf);
  if (outline.fault !== undefined) unit.found(XML_RULES.broken, offsetOf(outline.fault.at), outline.fault.reason);
  const searched = text.slice(0, 4 * 1024 * 1024);
  for (const { at, detail } of findSecrets(searched, 'data')) unit.found(TEXT_RULES.secret, offsetOf(at), detail);
  for (const { kind, detail } of suspiciousText(searched)) if (kind === 'encoded' || kind === 'shell') unit.found(TEXT_RULES.hiddenCode, null, detail);
  unit.checked('XML: libraries, external references, entities, scripts');
  if (unit.source.size > MAX_BYTES) unit.notChecked('the rest of the XML', `more than ${String(MAX_BYTES)} bytes`);
}

function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8');
}

function judgeTag(unit: Unit, { name, attributes }: XmlTag, offset: () => number): void {
  const local = name.slice(name.indexOf(':') + 1).toLowerCase();
  if (local === 'script' || local === 'handler') unit.found(XML_RULES.script, offset(), `<${name}>`);
  if (local === 'include' && name.includes(':')) unit.found(XML_RULES.external, offset(), `<${name} href="${(attributes.get('href') ?? '').slice(0, 200)}">`);
  for (const [key, value] of attributes) judgeAttribute(unit, local, key.toLowerCase(), value, offset);
}

function judgeAttribute(unit: Unit, tag: string, key: string, value: string, offset: () => number): void {
  const shown = `${tag} ${key}="${value.slice(0, 200)}"`;
  if (key === 'library' && value !== '') unit.found(XML_RULES.library, offset(), shown);
  else if (/\.(?:so|dll|dylib)(?:\.\d{1,3}){0,3}$/i.test(value) && tag === 'layer') unit.found(XML_RULES.library, offset(), shown);
  else if (/^on[a-z]{3,20}$/.test(key) || /^\s{0,20}(?:javascript|vbscript)\s{0,20}:|^\s{0,20}data:text\/html/i.test(value))
    unit.found(XML_RULES.script, offset(), shown);
  else if (/^(?:file|expect|php|jar|gopher|dict):/i.test(value)) unit.found(XML_RULES.external, offset(), shown);
  else if (/(?:^|:)(?:href|src|path|file|filename|location)$/.test(key) && leavingPath('path', value, false) !== undefined)
    unit.found(XML_RULES.external, offset(), shown);
}

function judgeOutline(unit: Unit, { entities, external, instructions }: XmlOutline, offsetOf: (at: number) => number): void {
  if (external !== undefined && !/^https?:\/\/(?:www\.)?(?:w3\.org|apple\.com|dmg\.org)\//i.test(external)) {
    unit.found(XML_RULES.external, 0, `document type ${external.slice(0, 200)}`);
  }
  for (const { name, external: place, value, at } of entities) {
    if (place !== undefined) unit.found(XML_RULES.external, offsetOf(at), `entity ${name} is ${place.slice(0, 200)}`);
    else if (/[&%][\w.-]{1,200};/.test(value)) unit.found(XML_RULES.expansion, offsetOf(at), `entity ${name} holds others`);
  }
  for (const { target, text, at } of instructions) {
    if (target === 'xml-stylesheet') unit.found(XML_RULES.external, offsetOf(at), `stylesheet ${text.slice(0, 200)}`);
  }
}
