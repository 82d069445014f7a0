import { holmAdjusted } from '../statistics/multiple-tests.ts';
import type { PairedItem } from './align-items.ts';
import type { GatePart, GateVerdict, GateWord } from './gate-verdict.ts';
import { percent } from './gate-verdict.ts';
import type { PairedComparison } from './paired-comparison.ts';
import { comparePaired, itemsToDecide } from './paired-comparison.ts';

export interface BenchmarkTask {
  readonly task: string;
  readonly items: readonly PairedItem[];
}

export interface BenchmarkMargins {
  /** Of all items together. */
  readonly pooled: number;
  /** Of one task: small ones fail alone only by a drop that is larger than this and significant. */
  readonly task: number;
}

const MARGINS: BenchmarkMargins = { pooled: 0.03, task: 0.1 };
const ALPHA = 0.05;

/**
 * Gate of the benchmark suite. All items together: PASS when the one-sided 95 % lower bound of candidate - base lies above
 * -margin; FAIL when the upper bound lies under 0 and the drop exceeds the margin or is significant (p < 0.05). A task fails
 * alone only by p < 0.05 after Holm over the tasks and a drop over its margin. Everything else is INCONCLUSIVE, with the number of items that would decide.
 */
export function judgeBenchmark(tasks: readonly BenchmarkTask[], seed: number, margins: BenchmarkMargins = MARGINS): GateVerdict {
  if (tasks.length === 0) throw new RangeError('there are no tasks');
  const compared = tasks.map(({ items }) => comparePaired(items, seed));
  const adjusted = holmAdjusted(compared.map(({ worseP }) => worseP));
  const parts = compared.map((comparison, i) => judgeTask(tasks[i]?.task ?? '', comparison, adjusted[i] ?? 1, margins.task));
  const all = tasks.flatMap(({ task, items }) => items.map((item) => ({ ...item, id: `${task}/${item.id}`, cluster: `${task}/${item.cluster}` })));
  const pooled = judgePooled(comparePaired(all, seed), margins.pooled);
  return { verdict: parts.some(({ verdict }) => verdict === 'FAIL') ? 'FAIL' : pooled.verdict, pooled, parts };
}

function judgeTask(name: string, comparison: PairedComparison, adjustedP: number, margin: number): GatePart {
  const drop = -comparison.difference;
  const verdict: GateWord = adjustedP < ALPHA && drop > margin ? 'FAIL' : comparison.lower > -margin ? 'PASS' : 'INCONCLUSIVE';
  const reasons = [
    `difference ${percent(-drop)}, at least ${percent(comparison.lower)}, p ${adjustedP.toPrecision(2)} (a task fails by a drop over ${percent(margin)} and p < ${String(ALPHA)})`,
  ];
  return { name, verdict, margin, reasons, comparison, adjustedP, itemsToDecide: verdict === 'INCONCLUSIVE' ? itemsToDecide(comparison, margin) : null };
}

function judgePooled(comparison: PairedComparison, margin: number): GatePart {
  const { difference, lower, upper, worseP } = comparison;
  const fails = upper < 0 && (-difference > margin || worseP < ALPHA);
  const verdict: GateWord = lower > -margin ? 'PASS' : fails ? 'FAIL' : 'INCONCLUSIVE';
  const reasons = [
    `difference ${percent(difference)}, between ${percent(lower)} and ${percent(upper)}, p ${worseP.toPrecision(2)} (margin ${percent(-margin)})`,
  ];
  return {
    name: 'all tasks',
    verdict,
    margin,
    reasons,
    comparison,
    adjustedP: worseP,
    itemsToDecide: verdict === 'INCONCLUSIVE' ? itemsToDecide(comparison, margin) : null,
  };
}
