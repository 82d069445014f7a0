import type { Unit } from '../scan/reader.ts';
import { CONFIG_RULES } from './config-rules.ts';
import type { JsonMember } from './json-members.ts';
import { backtracking } from './regex-ambiguity.ts';

const MAX_PATTERNS = 500;
const MAX_TOKENS = 500_000;
/** Steps that change texts: the first before the model, the last behind it. */
const STEPS = new Set(['normalizer', 'pre_tokenizer', 'decoder']);
/** Tokens may be put in by a step; what stands in such brackets is one. */
const TOKEN = /^(?:<\|?[^<>]{1,60}\|?>|\[[^[\]]{1,60}\])+$/;
const WORD = /[\p{L}\p{N}]{3}/u;

/** What a tokenizer does besides dividing a text (Tokenizers, `tokenizer.json`). */
export class TokenizerMembers {
  readonly #unit: Unit;
  #patterns = 0;
  /** Number and text of the added token that the walk is in, and all before it. */
  #id = '';
  #added = 0;
  readonly #texts = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  member(member: JsonMember): void {
    const { path, kind, value, offset } = member;
    const key = path.at(-1) ?? '';
    if (path[0] === 'added_tokens' && path.length === 3) this.#token(key, value, offset);
    if (kind !== 'string') return;
    if (key === 'Regex' || key === 'regex' || (key === 'pattern' && path.length > 1)) this.#pattern(value, offset);
    if (!STEPS.has(path[0] ?? '') || path.includes('vocab')) return;
    const rewrites = key === 'content' || key === 'prepend' || (key === 'String' && path.at(-2) === 'pattern');
    if (rewrites && (WORD.test(value) || value.includes('://')) && !TOKEN.test(value)) {
      this.#unit.found(CONFIG_RULES.rewritingTokenizer, offset, `${path.join('.')}: ${JSON.stringify(value.slice(0, 100))}`);
    }
  }

  #pattern(pattern: string, offset: number): void {
    if (++this.#patterns > MAX_PATTERNS) {
      if (this.#patterns === MAX_PATTERNS + 1) this.#unit.notChecked('regular expressions', `only the first ${String(MAX_PATTERNS)}`);
      return;
    }
    const shown = JSON.stringify(pattern.slice(0, 100));
    const cost = backtracking(pattern);
    if (cost === 'exponential') this.#unit.found(CONFIG_RULES.slowPattern, offset, shown);
    else if (cost === 'too-large') this.#unit.found(CONFIG_RULES.slowPattern, offset, `${shown} is too large to say`);
    else if (cost === 'unreadable') this.#unit.notChecked('regular expressions', 'a pattern of an unknown syntax');
    this.#unit.checked('regular expressions: nested quantifiers');
  }

  /** Writers put the number first. */
  #token(key: string, value: string, offset: number): void {
    if (key === 'id') this.#id = value;
    if (key !== 'content' || ++this.#added > MAX_TOKENS) return;
    const [text, id] = [this.#texts.get(this.#id), this.#ids.get(value)];
    if (text !== undefined && text !== value) this.#confused(offset, `number ${this.#id} is ${shown(text)} and ${shown(value)}`);
    if (id !== undefined && id !== this.#id) this.#confused(offset, `${shown(value)} has the numbers ${id} and ${this.#id}`);
    this.#texts.set(this.#id, value);
    this.#ids.set(value, this.#id);
  }

  #confused(offset: number, detail: string): void {
    this.#unit.found(CONFIG_RULES.confusedTokens, offset, detail);
  }
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 60));
