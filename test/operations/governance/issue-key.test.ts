import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import { issueKey } from '../../../src/operations/governance/issue-key.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

describe('input that is refused', () => {
  test.each<[string, object, RegExp]>([
    ['no name', {}, /^name/],
    ['an empty name', { name: '' }, /^name/],
    ['no models', { name: 'x', models: [] }, /^models/],
    ['a limit of nothing', { name: 'x', concurrency: 0 }, /^concurrency/],
    ['half a request', { name: 'x', requestsPerMinute: 1.5 }, /^requestsPerMinute/],
    ['no number', { name: 'x', tokensPerMinute: 'lots' }, /^tokensPerMinute/],
  ])('%s', (_what, input, detail) => {
    expect(() => parseFields(issueKey.input, input)).toThrow(detail);
  });

  test('a model that does not exist', async () => {
    const input = parseFields(issueKey.input, { name: 'x', models: ['demo', 'demoo'] });
    await expect(issueKey.plan(contextOf(services), input)).rejects.toThrow(/"demoo"; known: demo, side/);
  });
});

test('a key with limits, whose digest is what the posture holds', async () => {
  const input = parseFields(issueKey.input, { name: 'batch', models: ['demo'], requestsPerMinute: '60', concurrency: 2 });
  const { output, summary } = await issueKey.perform(contextOf(services), input);
  expect(output).toMatchObject({ name: 'batch', subject: 'batch', models: ['demo'], limits: { concurrency: 2, requestsPerMinute: 60, tokensPerMinute: null } });
  expect(output.key).toMatch(/^elk_/);
  const stored = (await services.posture.read()).keys.get(createHash('sha256').update(output.key).digest('hex'));
  expect(stored).toMatchObject({ id: output.keyId, subject: 'batch' });
  expect(summary).not.toContain(output.key);
  expect(issueKey.output.parse(output)).toEqual(output);
});

test('neither the key nor whose it is reaches ledger or rows', async () => {
  const log = new MemoryLedger();
  const runs = new MemoryOperationRuns();
  const door = openDoor({ catalogue, services, log, runs });
  const report = await door.call({
    room: 'governance',
    name: 'issue-key',
    input: { name: 'Alice Example', subject: 'alice@example.com' },
    actor: personWith('admin'),
    signal: new AbortController().signal,
  });
  const recorded = JSON.stringify([log.entries, [...runs.rows.values()]]);
  const { key, keyId } = report.output as { key: string; keyId: string };
  expect(recorded).toContain(keyId);
  for (const secret of [key, 'Alice', 'alice']) expect(recorded).not.toContain(secret);
});
