import { isUtf8 } from 'node:buffer';
import { findTemplates } from './find-templates.ts';
import { judgeTemplate } from './judge-template.ts';
import type { TemplateOptions } from './judge-template.ts';
import { TEMPLATE_UNREADABLE } from './template-rules.ts';
import type { Reader, Unit } from '../scan/reader.ts';

/** No configuration of a tokenizer with a template is longer. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;
const MAX_TEMPLATE_BYTES = 4 * 1024 * 1024;
const EXTENSIONS = /\.(?:jinja2?|j2|template|tmpl)$/i;
const STATEMENT = /\{%[-+]?\s{0,20}(?:for|if|set|macro)\s/;
/** Texts about templates are no templates. */
const DOCUMENTS = /\.(?:md|rst|html?|py|ipynb|ya?ml|js|ts|tex|log|jsonl)$/i;

/** Reads chat templates: files of their own, and those in JSON configurations. */
export function templateReader(options: TemplateOptions): Reader {
  return {
    format: 'chat-template',
    recognizes: (head, unit) => recognizes(head, unit.name, unit.source.size, (at, length) => unit.source.read(at, length)),
    read: (unit) => {
      readTemplates(unit, options);
      return Promise.resolve();
    },
  };
}

/** Without a registered version to compare with. */
export const TEMPLATE_READER: Reader = templateReader({});

function recognizes(head: Buffer, name: string, size: number, read: (at: number, length: number) => Buffer): boolean {
  if (EXTENSIONS.test(name)) return true;
  if (isJson(head)) return mentionsTemplate(size, read);
  return !DOCUMENTS.test(name) && !head.includes(0) && isUtf8Head(head) && STATEMENT.test(head.toString('latin1')) && head.includes('message');
}

/** An object; with a byte order mark, perhaps. A template cannot begin so: `{"` is text to it, and to nobody a use. */
function isJson(head: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s{0,100}\{\s{0,100}["}]/.test(head.toString('latin1'));
}

/** A cut character at the end of the head is no fault. */
function isUtf8Head(head: Buffer): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut)));
}

/** A name can be written with escapes: those are looked for as well, and then the walk decides. */
function mentionsTemplate(size: number, read: (at: number, length: number) => Buffer): boolean {
  if (size > MAX_JSON_BYTES) return false;
  const step = 1024 * 1024;
  for (let at = 0; at < size; at += step) {
    const bytes = read(Math.max(0, at - 64), step + 64);
    if (bytes.includes('chat_template') || /\\u00(?:63|68|61|74|5f)/i.test(bytes.toString('latin1'))) return true;
  }
  return false;
}

function readTemplates(unit: Unit, options: TemplateOptions): void {
  if (isJson(unit.source.read(0, 4096))) return readJson(unit, options);
  const bytes = unit.source.read(0, MAX_TEMPLATE_BYTES);
  if (!isUtf8(bytes)) return unit.found(TEMPLATE_UNREADABLE, 0, 'not UTF-8');
  const text = bytes.toString('utf8');
  if (isGoTemplate(text)) return unit.notChecked('chat template', 'a template of Go, which Ollama uses: it cannot reach the interpreter');
  judge(unit, text, 0, '', options);
  if (unit.source.size > MAX_TEMPLATE_BYTES) unit.notChecked('the rest of the template', `more than ${String(MAX_TEMPLATE_BYTES)} bytes`);
}

function readJson(unit: Unit, options: TemplateOptions): void {
  if (unit.source.size > MAX_JSON_BYTES) return unit.notChecked('chat templates', `more than ${String(MAX_JSON_BYTES)} bytes of JSON`);
  const bytes = unit.source.read(0, unit.source.size);
  const mark = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  const { templates, fault } = findTemplates(bytes.subarray(mark));
  if (fault !== undefined) unit.found(TEMPLATE_UNREADABLE, mark + fault.offset, `the configuration that should hold it is no JSON: ${fault.reason}`);
  for (const { name, text, offset } of templates) judge(unit, text, mark + offset, name, options);
  unit.checked('chat templates in the configuration');
}

function judge(unit: Unit, text: string, offset: number, name: string, options: TemplateOptions): void {
  unit.signal.throwIfAborted();
  for (const sign of judgeTemplate(text, options))
    unit.found(
      sign.rule,
      offset,
      `${name === '' ? '' : `template "${name.slice(0, 60)}": `}${sign.detail}${sign.offset === null ? '' : ` (character ${String(sign.offset)})`}`,
    );
  unit.checked('chat template: injection, obfuscated names, imports, triggers, hidden text');
}

function isGoTemplate(text: string): boolean {
  return !text.includes('{%') && /\{\{-?\s{0,20}(?:\.[A-Z]|if |else|end|range |\$)/.test(text) && !text.includes('__');
}
