import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkModelLoad } from '../../../src/operations/deployment/check-model-load.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { MemoryPostureService } from '../../fixtures/memory-posture-service.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

test('an option that it does not have', () => {
  expect(() => parseFields(checkModelLoad.input, { model: 'demo' })).toThrow(/model/);
});

test('all ready: ok, with the routes of each', async () => {
  const { output, verdict, summary } = await checkModelLoad.perform(contextOf(services), {});
  expect(verdict).toBe('ok');
  expect(summary).toBe('All 3 model servers are ready.');
  expect(output.upstreams).toMatchObject([
    { name: 'primary', ready: true, isolated: false, routes: [{ model: 'demo', side: 'primary', active: true }] },
    { name: 'backup', routes: [{ model: 'demo', side: 'backup', active: false }] },
    { name: 'other', engine: 'vllm', routes: [{ model: 'side', side: 'primary', active: true }] },
  ]);
  expect(checkModelLoad.output.parse(output)).toEqual(output);
});

test('one down and one isolated: a finding, and what is not told is not invented', async () => {
  services.models.down.add('backup');
  await services.posture.isolate([{ scope: 'upstream', target: 'primary' }], 'x', { actor: 'system', runId: 'x', operation: 'test' });
  const { output, verdict, summary } = await checkModelLoad.perform(contextOf(services), {});
  expect(verdict).toBe('finding');
  expect(summary).toBe('Not ready: backup.');
  const lines = checkModelLoad.render?.(output) ?? [];
  expect(lines[0]).toMatch(
    /^primary \[embedded\] ready, isolated: running 0, waiting 0, KV cache 0 %, tokens\/s not told; routes: demo \(primary, serves now\)$/,
  );
  expect(lines[1]).toMatch(/^backup \[embedded\] DOWN: running not told, waiting not told/);
});

test('no model server', async () => {
  const { output, verdict } = await checkModelLoad.perform(contextOf({ ...services, posture: new MemoryPostureService() }), {});
  expect(verdict).toBe('ok');
  expect(checkModelLoad.render?.(output)).toEqual(['no model server is configured']);
});
