import type { CaseResult, Judgement } from '../suite.ts';

/** Answers that are no verdicts. */
export const TIMED_OUT = 'timeout';
export const MISSING = 'missing';

const ALARMS: readonly string[] = ['malicious', 'malformed', 'suspicious'];

/** A part of cases, and what it must be. */
class Part {
  readonly count: number;
  readonly all: number;
  readonly #least: number;

  constructor(cases: readonly CaseResult[], counted: (result: CaseResult) => boolean, least = 0) {
    this.count = cases.filter(counted).length;
    this.all = cases.length;
    this.#least = least;
  }

  /** A set without cases says nothing. */
  get reached(): boolean {
    return this.count >= this.#least * this.all;
  }

  get text(): string {
    const percent = this.all === 0 ? '' : ` (${((100 * this.count) / this.all).toFixed(1)} %)`;
    return `${String(this.count)} of ${String(this.all)}${percent}`;
  }
}

const isRight = ({ outcome }: CaseResult): boolean => outcome === 'right';
const isAlarm = ({ outcome, given }: CaseResult): boolean => outcome !== 'crashed' && ALARMS.includes(given);

/**
 * The bar for files of models: malicious right >= 97 % and with any alarm 100 %, clean called malicious 0 and with an alarm that the
 * labels do not accept <= 3 %, right in all >= 95 %; nothing crashed, took too long or is missing.
 */
export function judgeModelFiles(results: readonly CaseResult[]): Judgement {
  const malicious = results.filter(({ expected }) => expected === 'malicious');
  const clean = results.filter(({ expected }) => expected === 'clean');
  const count = (test: (result: CaseResult) => boolean): number => results.filter(test).length;
  const found = new Part(malicious, isRight, 0.97);
  const alarmed = new Part(malicious, isAlarm, 1);
  const cleanMalicious = new Part(clean, (result) => isAlarm(result) && result.given === 'malicious');
  const cleanAlarms = new Part(clean, (result) => isAlarm(result) && !isRight(result));
  const right = new Part(results, isRight, 0.95);
  const crashed = count(({ outcome }) => outcome === 'crashed');
  const timedOut = count(({ given }) => given === TIMED_OUT);
  const missing = count(({ given }) => given === MISSING);
  return {
    passed:
      results.length > 0 &&
      [found, alarmed, right].every(({ reached }) => reached) &&
      cleanMalicious.count === 0 &&
      cleanAlarms.count <= 0.03 * clean.length &&
      crashed + timedOut + missing === 0,
    figures: [
      `malicious right ${found.text}`,
      `any alarm on malicious ${alarmed.text}`,
      `clean called malicious ${cleanMalicious.text}`,
      `clean with an alarm ${cleanAlarms.text}`,
      `all right ${right.text}`,
      `crashed ${String(crashed)}`,
      `timed out ${String(timedOut)}`,
      ...(missing === 0 ? [] : [`missing ${String(missing)}`]),
    ].join(', '),
  };
}
