import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, USAGE } from './arguments.ts';
import { fuzz } from './fuzz.ts';
import type { Failure } from './fuzz.ts';
import { makeCase } from './make-case.ts';

/** Each scan may take some memory. */
const MOST_PROCESSES = 4;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** `npm run fuzz -- artifacts [--runs N] [--seed S] [--from I]`. Exit 0: no failure; 1: some, their inputs are in files; 2: usage. */
async function main(args: readonly string[]): Promise<number> {
  const given = readArguments(args);
  if (typeof given === 'string') {
    process.stderr.write(`${given}\n${USAGE}`);
    return 2;
  }
  const { seed, from, runs } = given;
  say(`seed ${String(seed)}`);
  let folder: string | undefined;
  const onFailure = ({ index, why }: Failure): void => {
    folder ??= mkdtempSync(join(tmpdir(), 'elulmc-fuzz-'));
    const { name, bytes } = makeCase(seed, index);
    const file = join(folder, `${String(seed)}-${String(index)}-${name}`);
    writeFileSync(file, bytes);
    say(`failure: ${why}\n  input: ${file}\n  again: npm run fuzz -- artifacts --seed ${String(seed)} --from ${String(index)} --runs 1`);
  };
  let done = 0;
  const onDone = (cases: number): void => {
    done += cases;
    process.stderr.write(`${String(done)} of ${String(runs)}\n`);
  };
  const failures = await fuzz({ seed, from, runs, processes: Math.min(availableParallelism(), MOST_PROCESSES), onDone, onFailure });
  say(`${String(runs)} mutated files, ${failures.length === 0 ? 'no failure' : `${String(failures.length)} failed`}`);
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
}
