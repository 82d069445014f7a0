import type { Reader, Unit } from '../scan/reader.ts';
import { isText } from '../scan/sniff.ts';
import { CodeMembers } from './code-members.ts';
import { CONFIG_RULES } from './config-rules.ts';
import { walkMembers } from './json-members.ts';
import { TextMembers, type Holds } from './text-members.ts';
import { TokenizerMembers } from './tokenizer-members.ts';
import { WeightMap } from './weight-map.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const NAME = /\.json$/i;
/** Files that loaders read as settings. Other JSON holds what it likes. */
const SETTINGS =
  /(?:config|tokenizer|generation|adapter|index|map|modules|processor|preprocessor|schema|metadata|params|args|state|scheduler|vocab|merges)[\w.-]*\.json$/i;
/** Of tools that build programs: commands, comments and paths are usual there. */
const TOOLS =
  /(?:^|\/)(?:package|package-lock|tsconfig|jsconfig|launch|tasks|settings|extensions|composer|deno|lerna|nx|turbo|biome|renovate|\.eslintrc|\.prettierrc)[\w.-]*\.json$/i;
const PROSE =
  /(?:^|\/)(?:dataset|data|train|test|eval|valid|dev|prompts?|examples?|samples?|results?|conversations?|instructions?|alpaca|sharegpt)[\w.-]*\.json$/i;
/** Rows and notebooks are texts for people and for training. */
const ROWS = /\.(?:jsonl|ndjson|ipynb)$/i;
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads JSON configurations of models, tokenizers, processors and adapters, and their indexes: named code, paths, weight maps, patterns,
 * credentials (reference, section 13). Chat templates have a reader of their own.
 */
export const CONFIG_READER: Reader = {
  format: 'model-config',
  recognizes: (head, { name }) => head.length > 0 && isText(head) && (NAME.test(name) || (!ROWS.test(name) && looksLikeJson(head))),
  read: (unit) => {
    readConfig(unit);
    return Promise.resolve();
  },
};

const OPENS = /^(?:\xef\xbb\xbf)?\s*\{/;
/** An object whose first name is a string; Jinja and other languages have no such beginning. The long pattern takes 10 ms to compile. */
const looksLikeJson = (head: Buffer): boolean =>
  OPENS.test(head.toString('latin1', 0, 128)) &&
  /^(?:\xef\xbb\xbf)?\s{0,100}\{\s{0,100}"(?:[^"\\\r\n]|\\.){0,200}"\s{0,100}:/.test(head.toString('latin1', 0, 1024));

function readConfig(unit: Unit): void {
  if (unit.source.size > MAX_BYTES) {
    if (SETTINGS.test(unit.name)) unit.found(CONFIG_RULES.tooLarge, null, `${String(unit.source.size)} bytes`);
    unit.notChecked('configuration', `more than ${String(MAX_BYTES)} bytes of JSON`);
    return;
  }
  const bytes = unit.source.read(0, unit.source.size);
  const start = bytes.subarray(0, 3).equals(MARK) ? 3 : 0;
  const weights = new WeightMap(unit);
  const checks = [new CodeMembers(unit), new TextMembers(unit, holdsOf(unit.name)), new TokenizerMembers(unit), weights];
  const { fault, duplicates } = walkMembers(
    bytes.subarray(start),
    (member) => {
      const moved = { ...member, offset: start + member.offset };
      for (const check of checks) check.member(moved);
    },
    unit.signal,
  );
  for (const { name, offset } of duplicates) unit.found(CONFIG_RULES.duplicate, start + offset, JSON.stringify(name.slice(0, 100)));
  weights.end();
  if (fault !== undefined) reportFault(unit, bytes, start + fault.offset, fault.reason);
  unit.checked('configuration: named code, paths, patterns, credentials, duplicate names');
}

const holdsOf = (name: string): Holds => (PROSE.test(name) ? 'prose' : TOOLS.test(name) ? 'other' : 'settings');

/** Rows of JSON under the name of one are no configuration; the first was read. */
function reportFault(unit: Unit, bytes: Buffer, offset: number, reason: string): void {
  if (reason.startsWith('more text') && bytes[offset] === 0x7b && !SETTINGS.test(unit.name)) {
    unit.notChecked('configuration', 'several JSON texts in one file: only the first was read');
    return;
  }
  if (TOOLS.test(unit.name)) unit.notChecked('configuration', 'it is no plain JSON');
  else unit.found(CONFIG_RULES.broken, offset, reason);
}
