/** What our code gives for a case, and what brought it about. */
export interface Answer {
  readonly answer: string;
  readonly why: string;
}

/** One case of a suite: what is expected and what our code gives, both as short texts that can be compared. */
export interface ConformanceCase {
  readonly name: string;
  /** Row of the table that the case is counted in: a method, a kind, a technique. */
  readonly group?: string;
  readonly expected: string;
  /** Other answers that are right as well. */
  readonly accepted?: readonly string[];
  given(): string | Answer | Promise<string | Answer>;
}

export interface CaseResult {
  readonly name: string;
  readonly group: string | undefined;
  readonly expected: string;
  readonly accepted: readonly string[];
  readonly outcome: 'right' | 'wrong' | 'crashed';
  /** The answer, or what it crashed with. */
  readonly given: string;
  readonly why: string;
}

/** Whether the results are good enough, and the figures that say it. */
export interface Judgement {
  readonly passed: boolean;
  readonly figures: string;
}

/** Told after every case, or after a part of the work for all of them. */
export type OnProgress = (done: number, all: number) => void;

/** A folder of cases with labels or vectors, and how to read it. */
export interface Suite {
  /** What the suite shows, in a few words. */
  readonly summary: string;
  /** Folder of the cases, relative to the checkout, when `--data` names none. */
  readonly defaultData: string;
  cases(directory: string, onProgress: OnProgress): readonly ConformanceCase[] | Promise<readonly ConformanceCase[]>;
  /** Thresholds. Without them every case has to be right. */
  judge?(results: readonly CaseResult[]): Judgement;
}

export interface SuiteReport {
  readonly results: readonly CaseResult[];
  readonly judgement: Judgement;
}

/** Runs every case, whatever the others give, and judges them together. */
export async function runSuite(suite: Suite, directory: string, onProgress: OnProgress = () => undefined): Promise<SuiteReport> {
  const results: CaseResult[] = [];
  for (const one of await suite.cases(directory, onProgress)) results.push(await resultOf(one));
  return { results, judgement: suite.judge?.(results) ?? allRight(results) };
}

async function resultOf({ name, group, expected, accepted = [], given }: ConformanceCase): Promise<CaseResult> {
  const base = { name, group, expected, accepted };
  try {
    const answer = await given();
    const { answer: text, why } = typeof answer === 'string' ? { answer, why: '' } : answer;
    return { ...base, outcome: text === expected || accepted.includes(text) ? 'right' : 'wrong', given: text, why };
  } catch (error) {
    return { ...base, outcome: 'crashed', given: error instanceof Error ? error.message : String(error), why: '' };
  }
}

/** Passed when there are cases and all of them are right. */
function allRight(results: readonly CaseResult[]): Judgement {
  const count = (outcome: CaseResult['outcome']): number => results.filter((result) => result.outcome === outcome).length;
  const [right, wrong, crashed] = [count('right'), count('wrong'), count('crashed')];
  return {
    passed: right > 0 && wrong === 0 && crashed === 0,
    figures: `${String(right)} right, ${String(wrong)} wrong, ${String(crashed)} crashed`,
  };
}

/** The table by group where there are groups, everything that is not right, and the figures in the last line. */
export function formatReport(name: string, { results, judgement }: SuiteReport): string {
  const groups = Map.groupBy(
    results.filter(({ group }) => group !== undefined),
    ({ group }) => group ?? '',
  );
  const width = Math.max(0, ...[...groups.keys()].map(({ length }) => length));
  const table = [...groups].map(([group, members]) => {
    const right = members.filter(({ outcome }) => outcome === 'right').length;
    return `${group.padEnd(width)}  ${String(right)} of ${String(members.length)}`;
  });
  const wrong = results.filter(({ outcome }) => outcome === 'wrong').map(wrongLine);
  const crashed = results.filter(({ outcome }) => outcome === 'crashed').map(({ name: of, given }) => `crashed  ${of}: ${given}`);
  return [...table, ...wrong, ...crashed, `${name}: ${judgement.figures}`, ''].join('\n');
}

function wrongLine({ name, expected, accepted, given, why }: CaseResult): string {
  const also = accepted.length === 0 ? '' : ` (or ${accepted.join(', ')})`;
  return `wrong    ${name}: expected ${expected}${also}, given ${given}${why === '' ? '' : ` (${why})`}`;
}
