import { startTestServer } from '../fixtures/postgres-server.ts';
import { readArguments, USAGE } from './arguments.ts';
import { runChaos } from './chaos.ts';
import type { ChaosReport } from './chaos.ts';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function lastLine({ killed, stopped, runs, steps, violations }: ChaosReport): string {
  const kills = `${String(killed + stopped)} kills (${String(killed)} killed, ${String(stopped)} stopped and continued)`;
  const counted = `${kills}, ${String(runs)} runs, ${String(steps)} steps`;
  return violations.length === 0
    ? `${counted}: each applied exactly once, every run ended the same`
    : `${counted}: ${String(violations.length)} ${violations.length === 1 ? 'violation' : 'violations'}`;
}

/** `npm run chaos -- runs [--kills N] [--seed S] [--keep]`. Exit 0: nothing was lost or done twice; 1: something was; 2: usage. */
async function main(args: readonly string[]): Promise<number> {
  const given = readArguments(args);
  if (typeof given === 'string') {
    process.stderr.write(`${given}\n${USAGE}`);
    return 2;
  }
  say(`seed ${String(given.seed)}`);
  const server = await startTestServer();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // The control planes end with their channel to this process; the database would outlive it.
    process.once(signal, () => void server.stop().finally(() => process.exit(130)));
  }
  try {
    const report = await runChaos({
      ...given,
      databaseUrl: server.url,
      onProgress: ({ kills, runsEnded, violations }) => {
        say(
          `${String(kills)} of ${String(given.kills)} kills, ${String(runsEnded)} runs have ended${violations === 0 ? '' : `, ${String(violations)} violations`}`,
        );
      },
    });
    for (const violation of report.violations) say(`violation: ${violation}`);
    for (const folder of report.kept) say(`kept: ${folder}`);
    if (given.keep) say(`kept: the database ${server.url}; kill -INT ${String(server.pid)} ends it`);
    say(`${String(report.decisions)} interrupted steps were decided by a person; the last leader led in epoch ${String(report.epoch)}`);
    say(lastLine(report));
    return report.violations.length === 0 ? 0 : 1;
  } finally {
    if (!given.keep) await server.stop();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // Control planes that still run would keep this process waiting.
  process.exit(1);
}
