import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface ChaosArguments {
  readonly kills: number;
  readonly seed: number;
  readonly keep: boolean;
}

export const USAGE = `usage: npm run chaos -- runs [--kills N] [--seed S] [--keep]
  --kills N  how often a control plane is killed, or stopped and continued; 1 to 10000, default 100
  --seed S   the same kills as the run that printed this seed; 0 to 4294967295
  --keep     leave the homes with their logs, and the database
`;

const MOST_KILLS = 10_000;
const SEEDS = 2 ** 32;

function numberIn(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= least && number <= most ? number : undefined;
}

/** What is wrong with them, or what they say. */
export function readArguments(args: readonly string[]): ChaosArguments | string {
  let parsed;
  try {
    const options = {
      kills: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(randomInt(SEEDS)) },
      keep: { type: 'boolean', default: false },
    } as const;
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 1 || positionals[0] !== 'runs') return `there is one kind of chaos: runs; not ${positionals.join(' ') || 'nothing'}`;
  const kills = numberIn(values.kills, 1, MOST_KILLS);
  if (kills === undefined) return `--kills ${values.kills} is not a number from 1 to ${String(MOST_KILLS)}`;
  const seed = numberIn(values.seed, 0, SEEDS - 1);
  return seed === undefined ? `--seed ${values.seed} is not a number from 0 to ${String(SEEDS - 1)}` : { kills, seed, keep: values.keep };
}
