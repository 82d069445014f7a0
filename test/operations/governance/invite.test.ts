import { afterEach, beforeEach, expect, test } from 'vitest';
import { wallAt } from '../../../src/core/clock.ts';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import { invite } from '../../../src/operations/governance/invite.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { writeEndpoints } from '../../../src/services/installation/endpoints.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

function ready(site: { readonly siteOrigin?: string } = {}): void {
  const controlUrl = 'http://127.0.0.1:4181';
  writeEndpoints(services.home, { ...site, controlUrl, gatewayUrl: '', databaseUrl: '', metricsUrl: '', localToken: '', pid: 1, startedAt: wallAt() });
}

test.each([{}, { role: 'root' }, { role: 'admin', mail: 'x' }])('%o is refused', (input) => {
  expect(() => parseFields(invite.input, input)).toThrow(/role|mail/);
});

test('an installation that has not said where it listens', async () => {
  await expect(invite.perform(contextOf(services), { role: 'viewer' })).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE' });
});

test('a link that can be redeemed, and stands in no record', async () => {
  ready();
  const log = new MemoryLedger();
  const runs = new MemoryOperationRuns();
  const call = { room: 'governance', name: 'invite', input: { role: 'security' }, actor: personWith('admin'), signal: new AbortController().signal };
  const report = await openDoor({ catalogue, services, log, runs }).call(call);
  const { link } = invite.output.parse(report.output);
  const secret = /^http:\/\/127\.0\.0\.1:4181\/sign-in\/(inv_[\w-]{43})$/.exec(link)?.[1] ?? '';
  expect(await services.people.inviterOf(secret)).toBeDefined();
  expect(JSON.stringify([log.entries, [...runs.rows.values()]])).not.toContain(secret);
  expect((await services.people.redeem(secret, 'A', newPublicKey())).person.role).toBe('security');
});

test('the link has the address under which browsers reach the installation, where configuration names one', async () => {
  ready({ siteOrigin: 'https://elulmc.example.com' });
  const { output } = await invite.perform(contextOf(services), { role: 'viewer' });
  expect(output.link).toMatch(/^https:\/\/elulmc\.example\.com\/sign-in\/inv_[\w-]{43}$/);
});
