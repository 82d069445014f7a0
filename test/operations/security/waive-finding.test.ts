import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { newId } from '../../../src/core/ids.ts';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import type { Door } from '../../../src/operations/door.ts';
import type { OperationReport } from '../../../src/operations/report.ts';
import { waiveFinding } from '../../../src/operations/security/waive-finding.ts';
import type { Actor } from '../../../src/services/people/service.ts';
import { signatory, signedBy } from '../../services/approvals/approval-bench.ts';
import type { Signatory } from '../../services/approvals/approval-bench.ts';
import { defaultPolicy, memoryApprovals } from '../../fixtures/memory-approvals.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

const DIGEST = 'a'.repeat(64);
const DAY_MS = 86_400_000;
const day = (ahead: number): string => new Date(wallMs() + ahead * DAY_MS).toISOString().slice(0, 10);
const GIVEN = { model: DIGEST, rule: 'pickle-unknown-global', reason: 'reviewed by Ada', owner: 'Ada', until: day(30) };

let services: MemoryServices;
let log: MemoryLedger;
let door: Door;
let keeper: Signatory;
let approver: Signatory;

beforeEach(async () => {
  const memory = memoryServices();
  services = { ...memory, approvals: memoryApprovals(memory.people, defaultPolicy()) };
  log = new MemoryLedger();
  door = openDoor({ catalogue, services, log, runs: new MemoryOperationRuns() });
  keeper = await signatory(services.people, 'security', 'Keeper');
  approver = await signatory(services.people, 'approver', 'Approver');
});

afterEach(() => {
  services.remove();
});

function actorOf({ person: { id, name, role } }: Signatory): Actor {
  return { kind: 'person', id, name, role };
}

function call(input: object, more: object = {}): Promise<OperationReport> {
  return door.call({ room: 'security', name: 'waive-finding', input, actor: actorOf(keeper), signal: new AbortController().signal, ...more });
}

/** Asks, has it approved, and performs it. */
async function approved(input: object): Promise<OperationReport> {
  const asked = { operation: 'security waive-finding', input: JSON.stringify(input), reason: 'please' };
  const report = await door.call({ room: 'governance', name: 'request', input: asked, actor: actorOf(keeper), signal: new AbortController().signal });
  const request = await services.approvals.find((report.output as { request: string }).request);
  if (request === undefined) throw new Error('no request');
  await signedBy(services.approvals, request, approver);
  return call(input, { approval: { request: request.id } });
}

describe('what is refused, and stored nowhere', () => {
  test.each<[string, object, string, string]>([
    ['no reason', { ...GIVEN, reason: undefined }, 'FIELD_INVALID', 'reason'],
    ['an empty reason', { ...GIVEN, reason: '  ' }, 'FIELD_INVALID', 'reason'],
    ['no model', { ...GIVEN, model: undefined }, 'USAGE', 'model'],
    ['no rule', { ...GIVEN, rule: undefined }, 'USAGE', 'rule'],
    ['no owner', { ...GIVEN, owner: undefined }, 'USAGE', 'owner'],
    ['no end', { ...GIVEN, until: undefined }, 'USAGE', 'until'],
    ['every rule', { ...GIVEN, rule: '*' }, 'FIELD_INVALID', 'rule'],
    ['a rule that does not exist', { ...GIVEN, rule: 'pickle-everything' }, 'FIELD_INVALID', 'rule'],
    ['a model that nobody knows', { ...GIVEN, model: 'demo@9' }, 'NOT_FOUND', 'model'],
    ['an end that is past', { ...GIVEN, until: day(-2) }, 'FIELD_INVALID', 'until'],
    ['an end after more than a year', { ...GIVEN, until: day(370) }, 'FIELD_INVALID', 'until'],
    ['an end that is no time', { ...GIVEN, until: 'soon' }, 'FIELD_INVALID', 'until'],
    ['a waiver that does not exist', { revoke: newId('wvr'), reason: 'x' }, 'NOT_FOUND', 'revoke'],
    ['no id of a waiver', { revoke: 'wvr_short', reason: 'x' }, 'FIELD_INVALID', 'revoke'],
  ])('%s', async (_what, input, code, field) => {
    await expect(call(input)).rejects.toMatchObject({ code, field });
    expect(await services.waivers.list(10)).toEqual([]);
  });

  test('without an approval, and by who may not secure', async () => {
    await expect(call(GIVEN)).rejects.toMatchObject({ code: 'APPROVAL_MISSING' });
    const operator = await signatory(services.people, 'operator', 'Operator');
    await expect(call(GIVEN, { actor: actorOf(operator) })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await services.waivers.list(10)).toEqual([]);
  });
});

test('an approved waiver is stored with its end, and the ledger has neither reason nor owner', async () => {
  const report = await approved({ ...GIVEN, path: 'model.pt!archive/data.pkl' });
  expect(waiveFinding.output.parse(report.output)).toEqual(report.output);
  expect(report.output).toMatchObject({
    digest: DIGEST,
    rule: GIVEN.rule,
    owner: 'Ada',
    state: 'active',
    until: `${GIVEN.until}T23:59:59.999Z`,
    createdBy: keeper.person.id,
  });
  expect(report.plan.changes).toEqual([`waive pickle-unknown-global in model.pt!archive/data.pkl of the model ${DIGEST} until ${GIVEN.until}T23:59:59.999Z`]);
  const own = log.entries.filter((entry) => JSON.stringify(entry).includes('waive-finding') && JSON.stringify(entry).includes('operation.'));
  expect(own.length).toBeGreaterThan(0);
  expect(JSON.stringify(own)).not.toContain('Ada');
});

test('a registered model gives its digest, and a dry run stores nothing', async () => {
  const words = { imported: false, files: 1, bytes: 1, signature: null, parents: [], datasets: [], trainingRun: null, licence: null };
  await services.registry.register(
    { name: 'demo', version: '1', digest: DIGEST, location: '/x', ...words, owner: 'o', registeredBy: 'system', manifest: [] },
    newId('run'),
  );
  const { plan } = await call({ ...GIVEN, model: 'demo@1' }, { dryRun: true });
  expect(plan.changes).toEqual([`waive pickle-unknown-global of the model ${DIGEST} until ${GIVEN.until}T23:59:59.999Z`]);
  expect(await services.waivers.list(10)).toEqual([]);
});

test('it is taken back by an approved call too, and what it was about counts again', async () => {
  await approved(GIVEN);
  const [waiver] = await services.waivers.list(1);
  const id = waiver?.id ?? '';
  await expect(call({ revoke: id, reason: 'x' })).rejects.toMatchObject({ code: 'APPROVAL_MISSING' });
  await expect(call({ revoke: id, reason: 'x', rule: 'pickle-unknown-global' })).rejects.toMatchObject({ code: 'USAGE', field: 'rule' });
  const report = await approved({ revoke: id, reason: 'the class is gone' });
  expect(report.output).toMatchObject({ id, state: 'revoked', revoked: { by: keeper.person.id, reason: 'the class is gone' } });
  expect(report.summary).toContain('counts again');
});
