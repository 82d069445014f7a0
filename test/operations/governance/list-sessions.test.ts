import { afterEach, beforeEach, expect, test } from 'vitest';
import { listSessions } from '../../../src/operations/governance/list-sessions.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

function run(input: object) {
  return listSessions.perform(contextOf(services), parseFields(listSessions.input, input));
}

test.each([0, -1, 1.5, 'all', 10_001])('a limit of %s is refused', (limit) => {
  expect(() => parseFields(listSessions.input, { limit })).toThrow(/^limit/);
});

test('none', async () => {
  const { output, summary } = await run({});
  expect(output).toEqual({ total: 0, sessions: [] });
  expect(summary).toBe('0 sessions are valid.');
  expect(listSessions.render?.(output)).toEqual(['0 of 0 valid sessions']);
});

test('at most as many as asked for, with the total', async () => {
  for (let i = 0; i < 3; i++) {
    services.sessions.sessions.push({
      id: `ses_${String(i)}`,
      keyId: 'key_1',
      subject: 's',
      issuedAt: 'then',
      expiresAt: 'later',
      log: 'gw-local-0',
      index: i,
    });
  }
  const { output, verdict } = await run({ limit: 2 });
  expect(verdict).toBe('ok');
  expect(output).toMatchObject({ total: 3, sessions: [{ id: 'ses_0' }, { id: 'ses_1' }] });
  expect(listSessions.output.parse(output)).toEqual(output);
  expect(listSessions.render?.(output)[0]).toBe('ses_0  key_1  until later  gw-local-0:0  s');
});
