/** One case of a suite: what is expected and what our code gives, both as short texts that can be compared. */
export interface ConformanceCase {
  readonly name: string;
  /** Row of the table that the case is counted in: a method, a kind, a technique. */
  readonly group?: string;
  readonly expected: string;
  given(): string | Promise<string>;
}

/** A folder of cases with labels or vectors, and how to read it. */
export interface Suite {
  /** What the suite shows, in a few words. */
  readonly summary: string;
  /** Folder of the cases, relative to the checkout, when `--data` names none. */
  readonly defaultData: string;
  cases(directory: string): readonly ConformanceCase[] | Promise<readonly ConformanceCase[]>;
}

export interface SuiteReport {
  readonly right: number;
  /** Cases that are right and all cases, by group; empty where the cases have none. */
  readonly groups: ReadonlyMap<string, { readonly right: number; readonly all: number }>;
  readonly wrong: readonly { readonly name: string; readonly expected: string; readonly given: string }[];
  readonly crashed: readonly { readonly name: string; readonly error: string }[];
}

/** Runs every case, whatever the others give. */
export async function runSuite(suite: Suite, directory: string): Promise<SuiteReport> {
  const wrong: { name: string; expected: string; given: string }[] = [];
  const crashed: { name: string; error: string }[] = [];
  const groups = new Map<string, { right: number; all: number }>();
  let right = 0;
  for (const { name, group, expected, given } of await suite.cases(directory)) {
    const before = right;
    try {
      const answer = await given();
      if (answer === expected) right += 1;
      else wrong.push({ name, expected, given: answer });
    } catch (error) {
      crashed.push({ name, error: error instanceof Error ? error.message : String(error) });
    }
    if (group === undefined) continue;
    const row = groups.get(group) ?? { right: 0, all: 0 };
    groups.set(group, { right: row.right + right - before, all: row.all + 1 });
  }
  return { right, groups, wrong, crashed };
}

/** A suite passes when it has cases and all of them are right. */
export function hasPassed(report: SuiteReport): boolean {
  return report.right > 0 && report.wrong.length === 0 && report.crashed.length === 0;
}

/** The table by group where there are groups, everything that is not right, and the figures in the last line. */
export function formatReport(name: string, report: SuiteReport): string {
  const width = Math.max(0, ...[...report.groups.keys()].map(({ length }) => length));
  const table = [...report.groups].map(([group, { right, all }]) => `${group.padEnd(width)}  ${String(right)} of ${String(all)}`);
  const wrong = report.wrong.map((item) => `wrong    ${item.name}: expected ${item.expected}, given ${item.given}`);
  const crashed = report.crashed.map((item) => `crashed  ${item.name}: ${item.error}`);
  const counts = `${name}: ${String(report.right)} right, ${String(wrong.length)} wrong, ${String(crashed.length)} crashed`;
  return [...table, ...wrong, ...crashed, counts, ''].join('\n');
}
