import type { RunDetails, StepDetails } from '../../../src/runbook/run-model.ts';
import { openDurableEngine } from '../../../src/services/runs/durable-engine.ts';
import { createRunStore } from '../../../src/services/runs/run-store.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { personWith } from '../../fixtures/operation-services.ts';
import { runFixture, waits } from '../../runbook/run-fixture.ts';

/**
 * The runs of one control plane over the real rows and the real engine. `begin` starts a run and stands still between the commit of its
 * row and the engine; anything else takes up what is open until it waits for a person, and answers. Killed by its parent.
 */
const [url = '', id = '', what = ''] = process.argv.slice(2);
const isBeginning = what === 'begin';
const database = await openDatabase(url, { poolSize: 2 });
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const fence = { epoch: 1, onLost: () => process.exit(1) };
const { runs, start, until, ended } = await runFixture({
  parts: {
    store: createRunStore<RunDetails, StepDetails>(database),
    openEngine: async (body) => {
      const engine = await openDurableEngine({ database, fence, body, onProblem: say, onFailure: say });
      if (!isBeginning) return engine;
      const stand = (): Promise<void> => {
        say('committed');
        return new Promise(() => undefined);
      };
      return { ...engine, start: stand };
    },
  },
});
if (isBeginning) await start('# S\n- one\n- two\n', { runId: id }, personWith('operator'));
const first = await until(id, waits('confirmation'));
say(`waits ${first.waitsFor?.step === first.steps[0]?.id ? 'one' : 'two'}`);
const system = { kind: 'system', id: 'system' } as const;
for (const step of first.steps.filter(({ state }) => state === 'pending')) {
  await until(id, ({ waitsFor }) => waitsFor?.step === step.id);
  await runs.answer(id, { step: step.id, decision: 'confirmed', note: '' }, system);
  if (what === 'one') {
    await until(id, ({ waitsFor }) => waitsFor?.step === first.steps[1]?.id);
    say('one answered');
    await new Promise(() => undefined);
  }
}
say((await ended(id)).state);
await runs.close();
await database.close();
