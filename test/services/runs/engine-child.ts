import { createInterface } from 'node:readline';
import { openDurableEngine } from '../../../src/services/runs/durable-engine.ts';
import { openDatabase } from '../../../src/store/database.ts';

/**
 * Runs one body of eight steps with a wait after the fourth (and one more after the sixth for run_twice); each step writes a row.
 * Killed by its parent at any moment. A line of its input is the key of a wake, or `close`, `start`, `wake ID`.
 */
const [url = '', id = ''] = process.argv.slice(2);
const database = await openDatabase(url, { poolSize: 2 });
/** Bodies of earlier tests may be taken up too, for a child ends right after its body. */
const say = (run: string, text: string): void => {
  if (run === id) process.stdout.write(`${text}\n`);
};
const ended = Promise.withResolvers<undefined>();
const engine = await openDurableEngine({
  database,
  fence: { epoch: 1, onLost: () => process.exit(1) },
  onProblem: (text) => {
    process.stderr.write(`${text}\n`);
  },
  onFailure: (text) => {
    process.stdout.write(`failure ${text}\n`);
    process.exit(1);
  },
  body: async (run, { step, waitForWake }) => {
    for (let at = 0; at < 8; at++) {
      const told = await step(`step ${String(at)}`, async () => {
        await database.transaction(({ connection }) => connection.query({ text: 'insert into seen (run, step) values ($1, $2)', values: [run, at] }));
        say(run, `step ${String(at)}`);
        return { at };
      });
      await database.transaction(({ connection }) =>
        connection.query({ text: 'insert into told (run, step) values ($1, $2) on conflict do nothing', values: [run, told.at] }),
      );
      if (at === 3 || (at === 5 && run.startsWith('run_twice'))) {
        say(run, at === 3 ? 'waiting' : 'waiting again');
        await waitForWake(3600);
      }
    }
    say(run, 'ended');
    if (run === id) ended.resolve(undefined);
  },
});
await engine.start(id);
process.stdout.write('open\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word = '', other] = line.trim().split(' ');
  if (word === 'close') ended.resolve(undefined);
  else if (word === 'start') void engine.start(id).then(() => process.stdout.write('started again\n'));
  else if (other !== undefined) void engine.wake(other, line).then(() => process.stdout.write(`woken ${other}\n`));
  else void engine.wake(id, word);
});
await ended.promise;
await engine.close();
await database.close();
process.stdin.destroy();
