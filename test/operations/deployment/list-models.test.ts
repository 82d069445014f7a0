import { afterEach, beforeEach, expect, test } from 'vitest';
import { listModels } from '../../../src/operations/deployment/list-models.ts';
import { contextOf } from '../../fixtures/operation-services.ts';
import { registryBench } from '../registry-bench.ts';
import type { RegistryBench } from '../registry-bench.ts';

let bench: RegistryBench;
beforeEach(() => {
  bench = registryBench();
});
afterEach(() => {
  bench.remove();
});

test('nothing is registered', async () => {
  const { output, verdict } = await listModels.perform(contextOf(bench.services), {});
  expect(verdict).toBe('ok');
  expect(listModels.render?.(output)).toEqual(['no model is registered']);
});

test('newest first, with stage, results and digest, in columns', async () => {
  const first = await bench.register('demo', '1');
  await bench.record(first['digest'], 'backdoor-scan', 'finding');
  await bench.record(first['digest'], 'backdoor-scan', 'ok');
  const second = await bench.register('longer-name', '2');
  const { output, verdict, summary } = await listModels.perform(contextOf(bench.services), {});
  expect({ verdict, summary }).toEqual({ verdict: 'ok', summary: '2 registered models.' });
  expect(listModels.output.parse(output)).toEqual(output);
  expect(listModels.render?.(output)).toEqual([
    'MODEL          STAGE       GATES                    DIGEST',
    `longer-name@2  registered  no results               ${String(second['digest']).slice(0, 16)}`,
    `demo@1         registered  backdoor-scan ok 0s ago  ${String(first['digest']).slice(0, 16)}`,
  ]);
});

test('a violated gate is a finding, and none once the model is out of use', async () => {
  const { digest } = await bench.register('demo', '1');
  await bench.record(digest, 'verify-model', 'violation');
  const { verdict, summary } = await listModels.perform(contextOf(bench.services), {});
  expect({ verdict, summary }).toEqual({ verdict: 'finding', summary: '1 registered model; a gate is violated for demo@1.' });
  await bench.call('deployment change-stage', { model: 'demo', stage: 'quarantined' });
  expect((await listModels.perform(contextOf(bench.services), {})).verdict).toBe('ok');
  expect((await listModels.perform(contextOf(bench.services), { stage: ['production'] })).output.models).toEqual([]);
});
