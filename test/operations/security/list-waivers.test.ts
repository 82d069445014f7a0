import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { listWaivers } from '../../../src/operations/security/list-waivers.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

async function list(input: object) {
  const { output, summary } = await listWaivers.perform(contextOf(services, personWith('viewer')), parseFields(listWaivers.input, input));
  expect(listWaivers.output.parse(output)).toEqual(output);
  return { ...output, summary, lines: listWaivers.render?.(output) ?? [] };
}

test('none, and a model that nobody knows', async () => {
  expect(await list({})).toMatchObject({ waivers: [], summary: '0 waivers, 0 of them active.' });
  await expect(list({ model: 'demo@1' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'model' });
});

test('all of them newest first, those of one model, and those that count now', async () => {
  const words = { rule: 'pickle-unknown-global', path: null, reason: 'reviewed', owner: 'team', createdBy: 'per_a' };
  const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
  await services.waivers.waive({ ...words, digest: one, until: '2100-01-01T00:00:00.000Z' }, newId('run'));
  await services.waivers.waive({ ...words, digest: one, until: '2020-01-01T00:00:00.000Z' }, newId('run'));
  const { id } = await services.waivers.waive({ ...words, digest: other, path: 'x.pkl', until: '2100-01-01T00:00:00.000Z' }, newId('run'));
  await services.waivers.revoke(id, { by: 'per_b', reason: 'mended' });
  const all = await list({});
  expect(all.waivers.map(({ state }) => state)).toEqual(['revoked', 'expired', 'active']);
  expect(all.summary).toBe('3 waivers, 1 of them active.');
  expect(all.lines.join('\n')).toContain('by per_b: mended');
  expect((await list({ model: one })).waivers).toHaveLength(2);
  expect((await list({ model: one, active: true })).waivers.map(({ state }) => state)).toEqual(['active']);
  expect((await list({ limit: 1 })).waivers).toHaveLength(1);
});
