import { afterEach, beforeEach, expect, test } from 'vitest';
import { traceLineage } from '../../../src/operations/audits/trace-lineage.ts';
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

const trace = (model: string, depth = 10) => traceLineage.perform(contextOf(bench.services), { model, depth });
const named = (relatives: readonly { readonly name: string; readonly depth: number }[]): readonly string[] =>
  relatives.map(({ name, depth }) => `${String(depth)} ${name}`);

test('a model that nobody knows', async () => {
  await expect(trace('none')).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'model' });
});

test('parents upwards and children downwards, also where two ways lead to one', async () => {
  await bench.register('root', '1');
  await bench.register('left', '1', { parent: ['root@1'] });
  await bench.register('right', '1', { parent: ['root@1'] });
  await bench.register('merged', '1', { parent: ['left@1', 'right@1'] });
  await bench.register('final', '1', { parent: ['merged@1'] });
  const { output } = await trace('merged');
  expect(named(output.ancestors)).toEqual(['1 left', '2 root', '1 right', '2 root']);
  expect(named(output.descendants)).toEqual(['1 final']);
  expect(output.complete).toBe(true);
  expect(named((await trace('root')).output.descendants)).toEqual(['1 right', '2 merged', '3 final', '1 left', '2 merged']);
  const near = (await trace('final', 1)).output;
  expect(named(near.ancestors)).toEqual(['1 merged']);
  expect(near.complete).toBe(false);
  expect(near.unknown).toContain('relatives further away: ask with a greater --depth');
});

test('a loop, which cannot be registered, ends', async () => {
  await bench.register('a', '1');
  const a = await bench.services.registry.find('a', 'model');
  // As if somebody had written it into the database.
  const find = bench.services.registry.find.bind(bench.services.registry);
  bench.services.registry.find = async (reference, field) => ({ ...(await find(reference, field)), parents: [a.id] });
  expect(named((await trace('a')).output.ancestors)).toEqual(['1 a']);
});

test('what is known stands in a tree, and what is not is said', async () => {
  await bench.register('base', '1');
  const model = await bench.register('demo', '1', { parent: ['base'], dataset: ['tickets'], licence: 'MIT' });
  await bench.record(model['digest'], 'backdoor-scan', 'ok');
  await bench.call('deployment change-stage', { model: 'demo', stage: 'quarantined', reason: 'looked odd' });
  const { output, summary, verdict } = await trace('demo@1');
  expect(verdict).toBe('ok');
  expect(traceLineage.output.parse(output)).toEqual(output);
  expect(output.unknown).toEqual([
    'who vouches for the files: it was registered without a signature',
    'training run: none was named',
    'verify-model: there is no result for this digest',
  ]);
  expect(summary).toMatch(/^demo@1 is quarantined since .*; 1 ancestor, 0 descendants, 2 stages, 1 result; not known: 3\.$/);
  const lines = traceLineage.render?.(output) ?? [];
  expect(lines[0]).toBe(`demo@1  quarantined  ${String(model['id'])}`);
  expect(lines).toEqual(
    expect.arrayContaining([
      `├─ digest ${String(model['digest'])}`,
      '│  └─ tickets',
      expect.stringMatching(/^│ {2}└─ base@1 {2}registered {2}mdl_/) as string,
      expect.stringMatching(/^│ {2}└─ quarantined .*: looked odd$/) as string,
      expect.stringMatching(/^│ {2}└─ backdoor-scan {2}ok .*: backdoor-scan says ok$/) as string,
      '   └─ verify-model: there is no result for this digest',
    ]),
  );
});
