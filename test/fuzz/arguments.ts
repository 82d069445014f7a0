import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface FuzzArguments {
  readonly runs: number;
  readonly seed: number;
  readonly from: number;
}

export const USAGE = `usage: npm run fuzz -- artifacts [--runs N] [--seed S] [--from I]
  --runs N  how many mutated files are scanned; 1 to 100000000, default 100000
  --seed S  the same files as the run that printed this seed; 0 to 4294967295
  --from I  index of the first of them, default 0
`;

const MOST = 100_000_000;
const SEEDS = 2 ** 32;

function numberIn(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}

/** What is wrong with them, or what they say. */
export function readArguments(args: readonly string[]): FuzzArguments | string {
  let parsed;
  try {
    const options = {
      runs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(randomInt(SEEDS)) },
      from: { type: 'string', default: '0' },
    } as const;
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1 || positionals[0] !== 'artifacts') return `what is fuzzed are artifacts; not ${positionals.join(' ') || 'nothing'}`;
  const runs = numberIn(values.runs, 1, MOST);
  if (runs === undefined) return `--runs ${values.runs} is not a number from 1 to ${String(MOST)}`;
  const from = numberIn(values.from, 0, MOST);
  if (from === undefined) return `--from ${values.from} is not a number from 0 to ${String(MOST)}`;
  const seed = numberIn(values.seed, 0, SEEDS - 1);
  return seed === undefined ? `--seed ${values.seed} is not a number from 0 to ${String(SEEDS - 1)}` : { runs, seed, from };
}
