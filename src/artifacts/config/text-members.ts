import { suspiciousText } from '../safetensors/suspicious-text.ts';
import type { Unit } from '../scan/reader.ts';
import { findSecrets, isSecretValue } from '../text/secrets.ts';
import { CONFIG_RULES } from './config-rules.ts';
import type { JsonMember } from './json-members.ts';
import { leavingPath } from './leaving-paths.ts';

/** Tokens look like anything: tables of them are not searched. */
const TABLES = new Set([
  'vocab',
  'merges',
  'added_tokens',
  'added_tokens_decoder',
  'id2label',
  'label2id',
  'encoder',
  'decoder_vocab',
  'additional_special_tokens',
]);
/** Judged as templates, by their own reader. */
const TEMPLATES = new Set(['chat_template', 'chat_templates', 'additional_chat_templates']);
const TOKEN = 200;
const MIN_TEXT = 12;

/** `settings`: of a model. `other`: of other programs, whose settings may be commands. `prose`: texts for training, which say what they like. */
export type Holds = 'settings' | 'other' | 'prose';

/** Credentials, code and paths in the texts of a configuration. */
export class TextMembers {
  readonly #unit: Unit;
  readonly #holds: Holds;

  constructor(unit: Unit, holds: Holds) {
    this.#unit = unit;
    this.#holds = holds;
  }

  member({ path, kind, value, offset }: JsonMember): void {
    if (kind !== 'string' || path[0] === 'weight_map') return;
    const key = nameOf(path);
    const table = path.some((name) => TABLES.has(name));
    if (table && value.length < TOKEN) return;
    if (!table && this.#holds === 'settings') this.#path(path, key, value, offset);
    if (value.length >= MIN_TEXT) this.#secret(path, key, value, offset);
    if (value.length >= MIN_TEXT && this.#holds === 'settings' && !path.some((name) => TEMPLATES.has(name))) this.#code(path, value, offset);
  }

  #path(path: readonly string[], key: string, value: string, offset: number): void {
    const why = leavingPath(key, value, false);
    if (why !== undefined) this.#unit.found(CONFIG_RULES.leavingPath, offset, `${where(path)}: ${JSON.stringify(value.slice(0, 200))}: ${why}`);
  }

  #secret(path: readonly string[], key: string, value: string, offset: number): void {
    if (this.#holds !== 'prose' && isSecretValue(key, value)) this.#unit.found(CONFIG_RULES.secret, offset, `the value of ${where(path)}`);
    // The name in front of a value is outside of the text here.
    for (const { detail } of findSecrets(value, this.#holds === 'prose' ? 'document' : 'data'))
      this.#unit.found(CONFIG_RULES.secret, offset, `${where(path)}: ${detail}`);
  }

  #code(path: readonly string[], value: string, offset: number): void {
    for (const { kind, detail } of suspiciousText(value)) {
      if (kind !== 'secret') this.#unit.found(CONFIG_RULES.code, offset, `${where(path)}: ${detail}`);
    }
  }
}

/** The name of a member; of an element of a list that of the list. */
function nameOf(path: readonly string[]): string {
  for (let index = path.length - 1; index >= 0; index--) if (path[index] !== '*') return path[index] ?? '';
  return '';
}

const where = (path: readonly string[]): string => path.join('.').slice(0, 200);
