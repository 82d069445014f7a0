import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../../src/operations/attesting/policies.ts';
import { setAttestationPolicy } from '../../../src/operations/security/set-attestation-policy.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { attestedMachine } from '../../fixtures/attested-machine.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
let folder: string;
let file: string;
beforeEach(() => {
  services = memoryServices();
  folder = mkdtempSync(join(tmpdir(), 'elulmc-policy-'));
  file = join(folder, 'policy.json');
  writeFileSync(file, '{"v":1,"kinds":{"snp":{"measurements":[]}}}');
});
afterEach(() => {
  services.remove();
  rmSync(folder, { recursive: true });
});

const context = () => contextOf(services, personWith('security'));
const input = (more: object = {}) => parseFields(setAttestationPolicy.input, { file, name: 'racks', ...more });

/** As the door does it: what was planned is what is performed. */
async function set(more: object = {}) {
  const { touches } = await setAttestationPolicy.plan(context(), input(more));
  return setAttestationPolicy.perform({ ...context(), planned: touches ?? [] }, input(more));
}

describe('what is refused before anybody is asked', () => {
  test.each([
    ['a policy with an unknown key', '{"v":1,"kinds":{"snp":{"measurement":[]}}}'],
    ['something looser without a reason', '{"v":1,"kinds":{"snp":{"allow_debug":true}}}'],
    ['no JSON', 'kinds:'],
    ['too much', ' '.repeat(300_000)],
  ])('%s', async (_, text) => {
    writeFileSync(file, text);
    await expect(setAttestationPolicy.plan(context(), input())).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'file' });
  });

  test('a file that is not there, and a name that is none', async () => {
    await expect(setAttestationPolicy.plan(context(), input({ file: '/nonexistent' }))).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'file' });
    expect(() => input({ name: '../racks' })).toThrow();
  });
});

test('it needs the signature of another person', () => {
  expect([setAttestationPolicy.risk, setAttestationPolicy.permission, setAttestationPolicy.approvals]).toEqual(['change', 'secure', 1]);
});

test('approvers sign the digest of the text, and every exception and root in it', async () => {
  const machine = attestedMachine(folder);
  const text = JSON.parse(readFileSync(machine.policy, 'utf8')) as { readonly kinds: { readonly snp: object } };
  const exceptions = { 'snp.allow_debug': { reason: 'bring-up', owner: 'per_a', review: '2026-12-31' } };
  writeFileSync(file, JSON.stringify({ ...text, kinds: { snp: { ...text.kinds.snp, allow_debug: true } }, exceptions }));
  const { changes, touches } = await setAttestationPolicy.plan(context(), input());
  const digest = sha256Of(readFileSync(file));
  expect(changes).toEqual([
    `set the attestation policy racks to SHA-256 ${digest} for snp`,
    'let more pass than by default: snp.allow_debug (bring-up; per_a, until 2026-12-31)',
    expect.stringMatching(/^believe another root than the pinned one: amd-ark-genoa SHA-256 [0-9a-f]{64}$/u) as string,
  ]);
  expect(touches).toEqual([
    { object: 'attestation-policy:racks', version: '0' },
    { object: 'attestation-policy:racks:text', version: digest },
  ]);
});

test('versions follow each other, and the same text changes nothing', async () => {
  expect(await set()).toMatchObject({ output: { version: 1, changed: true, kinds: ['snp'] } });
  expect((await setAttestationPolicy.plan(context(), input())).changes).toEqual([]);
  expect(await set()).toMatchObject({ output: { version: 1, changed: false } });
  writeFileSync(file, '{"v":1,"kinds":{}}');
  const plan = await setAttestationPolicy.plan(context(), input());
  expect(plan.changes[0]).toContain('instead of version 1');
  expect(await set()).toMatchObject({ output: { version: 2, changed: true, kinds: [] } });
  expect(await services.attestationPolicies.find('racks')).toMatchObject({ version: 2, text: '{"v":1,"kinds":{}}' });
});

test('a file that is changed after it was planned is not set', async () => {
  const { touches } = await setAttestationPolicy.plan(context(), input());
  writeFileSync(file, '{"v":1,"kinds":{}}');
  const planned = { ...context(), planned: touches ?? [] };
  await expect(setAttestationPolicy.perform(planned, input())).rejects.toMatchObject({ code: 'CONFLICT', field: 'file' });
  expect(await services.attestationPolicies.list()).toEqual([]);
});

test('the same run sets one version', async () => {
  const once = context();
  await setAttestationPolicy.perform(once, input());
  expect(await setAttestationPolicy.perform(once, input())).toMatchObject({ output: { version: 1 } });
});
