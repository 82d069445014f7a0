import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { newId } from '../../../src/core/ids.ts';
import { changeStage } from '../../../src/operations/deployment/change-stage.ts';
import { contextOf, personWith } from '../../fixtures/operation-services.ts';
import { registryBench } from '../registry-bench.ts';
import type { RegistryBench } from '../registry-bench.ts';

let bench: RegistryBench;
let digest: unknown;
let id: unknown;
beforeEach(async () => {
  bench = registryBench();
  ({ digest, id } = await bench.register('demo', '1'));
});
afterEach(() => {
  bench.remove();
});

const change = (stage: string, given?: Parameters<RegistryBench['call']>[2], model: unknown = 'demo@1') =>
  bench.call('deployment change-stage', { model, stage }, given);

async function pass(): Promise<void> {
  await bench.record(digest, 'backdoor-scan', 'ok');
  await bench.record(digest, 'verify-model', 'ok');
}

describe('what is refused', () => {
  test('a model that is not there, a stage that is none, and a role that may not', async () => {
    await expect(change('validated', {}, 'none')).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'model' });
    await expect(change('live')).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'stage' });
    await expect(change('validated', { actor: personWith('viewer') })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  test('a gate that is missing, not ok or too old: one line for each, with its command, exit 3, also of a dry run', async () => {
    await bench.record(digest, 'backdoor-scan', 'finding');
    await bench.record(digest, 'verify-model', 'ok', new Date(wallMs() - 2 * 86_400_000).toISOString());
    for (const dryRun of [false, true])
      await expect(change('validated', { dryRun })).rejects.toMatchObject({
        code: 'GATE_NOT_MET',
        field: 'stage',
        row: { exit: 3 },
        message: [
          'demo@1 (registered) may not be in validated:',
          '  backdoor-scan: the newest result is finding 0s ago: backdoor-scan says finding; elulmc security backdoor-scan --model demo@1',
          '  verify-model: the newest result is 2d old, at most 1d are allowed; elulmc security verify-model --model demo@1',
        ].join('\n'),
      });
    expect(bench.ledger.entries.at(-1)).toMatchObject({ action: 'deployment change-stage', target: 'demo@1', data: { code: 'GATE_NOT_MET' } });
  });

  test('a way that there is not', async () => {
    await pass();
    await expect(change('production')).rejects.toMatchObject({
      code: 'STAGE_NOT_REACHABLE',
      message: expect.stringContaining('validated, retired, quarantined') as string,
    });
  });
});

describe('a change', () => {
  test('names model, digest, from and to: in the plan, the report and the ledger', async () => {
    await pass();
    const planned = await change('validated', { dryRun: true });
    expect(planned.plan.changes).toEqual([`move demo@1 (digest ${String(digest)}) from registered to validated`]);
    const report = await change('validated');
    expect(report.output).toMatchObject({ id, name: 'demo', version: '1', digest, from: 'registered', to: 'validated', changed: true });
    expect(report.summary).toBe(`demo@1 (digest ${String(digest)}) went from registered to validated.`);
    expect(bench.ledger.entries.slice(-2)).toMatchObject([
      { kind: 'operation.intent', target: 'demo@1', data: { changes: planned.plan.changes } },
      { kind: 'operation.done', outcome: 'ok', data: { summary: report.summary } },
    ]);
  });

  test('is made once under its run id; to the same stage it is none', async () => {
    await pass();
    const runId = newId('run');
    const report = await change('validated', { runId });
    expect(await change('validated', { runId })).toEqual(report);
    expect((await change('validated')).output).toMatchObject({ changed: false, from: 'validated', to: 'validated' });
    expect(await bench.services.registry.history(String(id))).toHaveLength(2);
  });

  test('that was interrupted after its effect gives what it has done, whatever the gates say now', async () => {
    await pass();
    const context = contextOf(bench.services);
    const input = { model: 'demo', stage: 'validated' } as const;
    const first = await changeStage.perform(context, input);
    await bench.record(digest, 'verify-model', 'violation');
    expect((await changeStage.plan(context, input)).changes).toEqual([]);
    expect(await changeStage.perform(context, input)).toEqual(first);
  });

  test('of an approved plan is void once the model has moved', async () => {
    await pass();
    const before = (await change('validated', { dryRun: true })).plan.touches;
    await change('quarantined');
    await change('registered');
    const after = (await change('validated', { dryRun: true })).plan.touches;
    expect(after?.[0]?.object).toBe('model:demo@1');
    expect(after).not.toEqual(before);
  });

  test('is taken back where a way leads back', async () => {
    const output = { id: 'mdl_1', name: 'demo', version: '1', digest: 'd', at: 'now', changed: true };
    const undo = (from: 'registered' | 'validated' | 'staging', to: 'validated' | 'staging', changed = true) =>
      changeStage.compensate?.({ model: 'demo', stage: to }, { ...output, from, to, changed });
    expect(undo('validated', 'staging')).toEqual({ room: 'deployment', name: 'change-stage', input: { model: 'mdl_1', stage: 'validated' } });
    expect(undo('registered', 'validated')).toBeNull();
    expect(undo('validated', 'staging', false)).toBeNull();
  });
});
