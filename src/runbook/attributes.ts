import type { StepAttributes } from './document.ts';

/** What a place in a document states; undefined where it says nothing. */
export interface StatedAttributes {
  readonly name?: string | undefined;
  readonly approve?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly continueOnError?: boolean | undefined;
}

/** A key of ours with a value that it cannot have. */
export class AttributeError extends Error {}

export const NO_ATTRIBUTES: StepAttributes = { name: null, approve: 0, timeoutMs: null, continueOnError: false };

const MAX_NAME = 200;
/** What config.yaml allows too (core/config.ts). */
const MAX_APPROVE = 9;
/** Longer than any step; far below what a timer can count. */
const MAX_TIMEOUT_MS = 7 * 86_400_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A name or description: YAML escapes could hide in it what must not reach a terminal. */
export function plainLine(key: string, value: unknown, limit = MAX_NAME): string {
  if (typeof value !== 'string' || value.trim() === '') throw new AttributeError(`${key} must be a text`);
  if (value.length > limit) throw new AttributeError(`${key} is longer than ${String(limit)} characters`);
  if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(value)) throw new AttributeError(`${key} holds a character that is not allowed`);
  return value.trim();
}

function approveOf(value: unknown): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= MAX_APPROVE) return number;
  throw new AttributeError(`approve must be a number of people from 0 to ${String(MAX_APPROVE)}`);
}

function timeoutOf(value: unknown): number {
  const [, amount, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(typeof value === 'string' ? value : '') ?? [];
  const milliseconds = Number(amount) * (UNITS[unit ?? ''] ?? NaN);
  if (milliseconds <= MAX_TIMEOUT_MS) return milliseconds;
  throw new AttributeError('timeout must be a duration of at most 7 days such as 30s, 10m or 2h');
}

function continueOf(value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new AttributeError('continue-on-error must be true or false');
}

/** One key of ours with its value; undefined for any other key. Upper and lower case are the same: a `Approve` must not be lost. */
export function stated(key: string, value: unknown): StatedAttributes | undefined {
  switch (key.toLowerCase()) {
    case 'name':
      return { name: plainLine('name', value) };
    case 'approve':
      return { approve: approveOf(value) };
    case 'timeout':
      return { timeoutMs: timeoutOf(value) };
    case 'continue-on-error':
      return { continueOnError: continueOf(value) };
    default:
      return undefined;
  }
}

const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;

function unquoted(text: string): string {
  return text.replaceAll(/"([^"]*)"|'([^']*)'/g, (_all, double: string | undefined, single: string | undefined) => double ?? single ?? '');
}

/**
 * The attributes in the info string of a fence, with or without braces: `{name=isolate approve=2 timeout=10m
 * continue-on-error}`. Words of other tools are left alone; AttributeError for a key of ours that has no valid value.
 */
export function fenceAttributes(info: string): StatedAttributes {
  let result: StatedAttributes = {};
  for (const word of info.trim().replace(/^\{/, '').replace(/\}$/, '').match(WORD) ?? []) {
    const [, key = '', rest = ''] = /^(name|approve|timeout|continue-on-error)(?![\w-])(.*)$/is.exec(word) ?? [];
    if (key === '') continue;
    if (rest !== '' && !rest.startsWith('=')) throw new AttributeError(`${key} is written as ${key}=VALUE`);
    const isFlag = rest === '' && key.toLowerCase() === 'continue-on-error';
    if (rest === '' && !isFlag) throw new AttributeError(`${key} needs a value: ${key}=VALUE`);
    const one = stated(key, isFlag ? true : unquoted(rest.slice(1))) ?? {};
    const [twice] = Object.keys(one).filter((name) => name in result);
    if (twice !== undefined) throw new AttributeError(`${key} stands there twice`);
    result = { ...result, ...one };
  }
  return result;
}

/** What holds for a command: a fence can ask for more approvals than the whole document, never for fewer. */
export function attributesOf(document: StatedAttributes, fence: StatedAttributes): StepAttributes {
  return {
    name: fence.name ?? null,
    approve: Math.max(document.approve ?? 0, fence.approve ?? 0),
    timeoutMs: fence.timeoutMs ?? document.timeoutMs ?? null,
    continueOnError: fence.continueOnError ?? document.continueOnError ?? false,
  };
}
