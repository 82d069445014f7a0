import { bitsPerCharacter } from '../../leaks/secrets/entropy.ts';
import { SECRET_PATTERNS } from './secret-patterns.ts';

/** A credential. The value itself is never in it. */
export interface Secret {
  /** In the text, in UTF-16 units. */
  readonly at: number;
  readonly detail: string;
}

/** `document`: a text for readers, whose examples count for nothing. `data`: what programs read. */
export type SecretPlace = 'document' | 'data';

/** Names of members whose value is a credential. `token` alone is a word of language models. */
const KEY =
  /(?:^|[_.\s-])(?:(?:api|access|secret|private|account|auth|encryption|signing|service|subscription|client|aws|azure|gcp|wandb|openai|hf|huggingface)[_.\s-]?(?:secret|access|api|auth)?[_.\s-]?(?:key|secret|token|password)|password|passwd|passphrase|secret|bearer|credentials?|client[_-]?secret|(?:access|auth|refresh|bearer|session|bot|github|gitlab|slack|hub)[_-]?token)$/i;
/** `name = "value"` in anything that programs read. */
const ASSIGNED =
  /(?<![\w.-])["']?([A-Za-z][\w.-]{2,60})["']?[ \t]{0,8}(?::=|[:=])[ \t]{0,8}(?:"([^"\r\n]{12,300})"|'([^'\r\n]{12,300})'|([^\s"'#,;<>()[\]{}]{12,300}))/g;
const EXAMPLE =
  /example|sample|dummy|placeholder|your[_-]?|my[_-]?(?:key|token|secret)|change[_-]?me|replace|insert|redacted|fake|test|foo|bar|x{4,}|\*{3,}|\.{3}|1234567|abcdef|0{8,}|<[^>]*>|\$\{|\{\{|%\(/i;
const WORD_ENDS = /[_./: -]|(?<=[a-z])(?=[A-Z])/;
const WORD = /^(?:[A-Za-z]?[a-z]*|[A-Z]*)$/;
const REFERENCE = /^(?:\$|%|env[:.(]|os\.|vault:|secret:|file:|\/|\.{1,2}\/|~|https?:\/\/[^@]*$|process\.env|config\.|self\.|args\.)/i;
const MAX_SECRETS = 20;
const MAX_ASSIGNMENTS = 20_000;

/** Credentials in a text, by their known forms and, in data, by what their name says and how random they are. */
export function findSecrets(text: string, place: SecretPlace): Secret[] {
  const secrets: Secret[] = [];
  for (const [what, pattern] of SECRET_PATTERNS) {
    const found = firstMatch(text, pattern, place);
    if (found !== undefined) secrets.push({ at: found, detail: what });
  }
  if (place === 'document') return secrets;
  let looked = 0;
  for (const match of text.matchAll(ASSIGNED)) {
    if (++looked > MAX_ASSIGNMENTS || secrets.length >= MAX_SECRETS) break;
    const [, name = ''] = match;
    const value = [2, 3, 4].map((group) => match[group]).find((one) => one !== undefined) ?? '';
    if (isSecretValue(name, value)) secrets.push({ at: match.index, detail: `the value of ${name}` });
  }
  return secrets;
}

/** Whether a member by that name holds a credential, not an example, a reference or a digest of something. */
export function isSecretValue(name: string, value: string): boolean {
  if (!KEY.test(name.slice(-80)) || value.length < 12 || value.length > 4096 || /\s/.test(value.trim())) return false;
  if (EXAMPLE.test(value.slice(0, 400)) || REFERENCE.test(value) || isWords(value)) return false;
  return bitsPerCharacter(value) >= (/^[0-9a-fA-F]+$/.test(value) ? 2.8 : 3.2);
}

/** Digits, or capitals in odd places, are what random text has and names do not. */
function isWords(value: string): boolean {
  const parts = value.split(WORD_ENDS);
  return parts.every((part) => WORD.test(part)) && value.length >= 3.5 * parts.length;
}

/** The first match; in documents the first that is no example. */
function firstMatch(text: string, pattern: RegExp, place: SecretPlace): number | undefined {
  let from = 0;
  for (let tries = 0; tries < MAX_SECRETS; tries++) {
    const match = pattern.exec(from === 0 ? text : text.slice(from));
    if (match === null) return undefined;
    if (!isExample(text, from + match.index, match[0], place)) return from + match.index;
    from += match.index + match[0].length;
  }
  return undefined;
}

function isExample(text: string, at: number, found: string, place: SecretPlace): boolean {
  if (found.startsWith('-----BEGIN')) return !hasKeyBody(text.slice(at, at + 400));
  const body = found.slice(4);
  // Random text has many different characters; "xxxx" and "1111" have few.
  if (new Set(body).size < 6) return true;
  const password = /:\/\/[^:]{1,80}:([^@]{1,100})@/.exec(found)?.[1];
  if (password !== undefined && place === 'document' && (!/\d/.test(password) || bitsPerCharacter(password) < 3)) return true;
  if (password !== undefined) return EXAMPLE.test(found) || /^(?:password|passwd|pass|secret|user|token|key)/i.test(password);
  return place === 'document' && EXAMPLE.test(found);
}

/** A head alone is what documents and programs that look for keys have. */
function hasKeyBody(text: string): boolean {
  return /-----(?:\\n|\\r|\s|[\w-]{1,20}: [^\n]{0,80}){1,8}[A-Za-z0-9+/=]{40}/.test(text);
}
