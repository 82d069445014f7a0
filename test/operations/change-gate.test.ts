import { beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { demandWindow, nextChance } from '../../src/operations/change-gate.ts';
import type { GateServices, GatedCall } from '../../src/operations/change-gate.ts';
import type { ChangeRequest } from '../../src/services/changes/service.ts';
import { createWindowService } from '../../src/services/windows/window-service.ts';
import type { WindowDefinition } from '../../src/services/windows/window-service.ts';
import { MemoryChanges } from '../fixtures/memory-changes.ts';

const HOUR = 3_600_000;
const FREEZE: WindowDefinition = { name: 'freeze', kind: 'blackout', cron: '0 0 24 12 *', duration: 72 * HOUR, timezone: 'UTC', systems: null };
const GPU_FREEZE: WindowDefinition = { ...FREEZE, name: 'gpu-freeze', cron: '0 12 * * *', duration: HOUR, systems: ['upstream:gpu'] };
const NIGHTS: WindowDefinition = { ...FREEZE, name: 'nights', kind: 'maintenance', cron: '0 22 * * *', duration: 4 * HOUR, systems: ['route:demo'] };

const DEPLOY = { room: 'deployment', name: 'deploy-production', risk: 'change' } as const;
let changes: MemoryChanges;

beforeEach(() => {
  changes = new MemoryChanges();
});

function services(...definitions: WindowDefinition[]): GateServices {
  return { windows: createWindowService(definitions), changes };
}

function call(objects: readonly string[] | undefined, given: Partial<GatedCall> = {}): GatedCall {
  const touches = objects?.map((object) => ({ object, version: '1' }));
  return { declaration: DEPLOY, plan: touches === undefined ? {} : { touches }, planSha256: 'aa', ...given };
}

const PROCESS: GatedCall = { declaration: null, plan: {}, planSha256: null };

async function changeOf(
  given: Partial<ChangeRequest> & { readonly span?: readonly [string, string] },
  decision: 'approved' | 'declined' | null = 'approved',
): Promise<string> {
  const { span, ...words } = given;
  const { id } = await changes.submit(
    {
      title: 't',
      description: '',
      risk: 'change',
      systems: [],
      operation: null,
      planSha256: null,
      changes: [],
      rollback: 'back',
      requester: 'per_a',
      ...words,
    },
    `run_${String((await changes.list(1_000)).length)}`,
  );
  if (decision !== null) await changes.review(id, { by: 'per_b', decision, note: '' });
  if (span !== undefined) await changes.schedule(id, { by: 'per_a', startsAt: span[0], endsAt: span[1] });
  return id;
}

async function verdict(from: GateServices, gated: GatedCall, at: string): Promise<string> {
  return demandWindow(from, gated, at).then(
    () => 'passes',
    (error: unknown) => String((error as { code?: string }).code),
  );
}

const CHRISTMAS = '2026-12-25T12:30:00Z';

describe('what no window holds up', () => {
  test.each<[string, GatedCall]>([
    ['a read', call([], { declaration: { ...DEPLOY, risk: 'read' } })],
    ['an emergency', call([], { declaration: { ...DEPLOY, effectFirst: true } })],
    ['what may be done at any time', call([], { declaration: { ...DEPLOY, anytime: true } })],
    ['a change of people and rules', call([], { declaration: { ...DEPLOY, room: 'governance' } })],
    ['a change of logs', call([], { declaration: { ...DEPLOY, room: 'audits' } })],
    ['break-glass', call(['upstream:gpu'], { breakGlass: 'the house burns' })],
    ['a process with break-glass', { ...PROCESS, breakGlass: 'the house burns' }],
  ])('%s', async (_what, gated) => {
    expect(await verdict(services(FREEZE, GPU_FREEZE, NIGHTS), gated, CHRISTMAS)).toBe('passes');
    expect(await nextChance(services(FREEZE), gated, CHRISTMAS)).toBe(CHRISTMAS);
  });

  test('the operations that stop and restore service', async () => {
    const names = ['emergency-isolation', 'isolate-system', 'activate-backup', 'resume-operations'];
    const declarations = await Promise.all(catalogue.filter((entry) => names.includes(entry.name)).map((entry) => entry.load()));
    expect(declarations).toHaveLength(names.length);
    for (const declaration of declarations) expect(await verdict(services(FREEZE), call([], { declaration }), CHRISTMAS)).toBe('passes');
  });
});

describe('blackouts', () => {
  test('one about everything holds up everything, and says until when and how to go through', async () => {
    for (const gated of [call(['route:demo']), call([]), call(undefined), PROCESS]) {
      await expect(demandWindow(services(FREEZE), gated, CHRISTMAS)).rejects.toMatchObject({
        code: 'CHANGE_BLACKOUT',
        message: 'the blackout freeze about everything is open until 2026-12-27T00:00:00.000Z; --break-glass REASON goes through it',
      });
    }
  });

  test('one about a system holds up what touches it, and nothing else', async () => {
    const from = services(GPU_FREEZE);
    expect(await verdict(from, call(['route:demo', 'upstream:gpu']), CHRISTMAS)).toBe('CHANGE_BLACKOUT');
    for (const gated of [call(['route:demo']), call([]), PROCESS]) expect(await verdict(from, gated, CHRISTMAS)).toBe('passes');
    expect(await verdict(from, call(['upstream:gpu']), '2026-12-25T13:00:00Z')).toBe('passes');
    expect(await verdict(from, call(['upstream:gpu']), '2026-12-25T12:59:59.999Z')).toBe('CHANGE_BLACKOUT');
  });

  test('a scheduled change does not go through one', async () => {
    const change = await changeOf({ systems: ['upstream:gpu'], span: ['2026-12-25T11:00:00Z', '2026-12-25T14:00:00Z'] });
    const from = services(GPU_FREEZE);
    expect(await verdict(from, call(['upstream:gpu'], { change }), CHRISTMAS)).toBe('CHANGE_BLACKOUT');
    // Nobody knows what a process touches, but its change says it.
    expect(await verdict(from, { ...PROCESS, change }, CHRISTMAS)).toBe('CHANGE_BLACKOUT');
    expect(await nextChance(from, { ...PROCESS, change }, CHRISTMAS)).toBe('2026-12-25T13:00:00.000Z');
    expect(await verdict(from, call(['upstream:gpu'], { change }), '2026-12-25T13:00:00Z')).toBe('passes');
  });
});

describe('maintenance windows', () => {
  test('hold a system that they name, and no other', async () => {
    const from = services(NIGHTS);
    await expect(demandWindow(from, call(['route:demo']), CHRISTMAS)).rejects.toMatchObject({
      code: 'CHANGE_OUTSIDE_WINDOW',
      message: 'no maintenance window of route:demo is open; possible from 2026-12-25T22:00:00.000Z',
    });
    expect(await verdict(from, call(['route:demo']), '2026-12-26T01:59:59Z')).toBe('passes');
    expect(await verdict(from, call(['route:demo']), '2026-12-26T02:00:00Z')).toBe('CHANGE_OUTSIDE_WINDOW');
    for (const gated of [call(['route:other']), call([]), call(undefined), PROCESS]) expect(await verdict(from, gated, CHRISTMAS)).toBe('passes');
  });

  test('one that never opens is never taken for none', async () => {
    const from = services({ ...NIGHTS, cron: '0 0 30 2 *' });
    expect(await verdict(from, call(['route:demo']), CHRISTMAS)).toBe('CHANGE_OUTSIDE_WINDOW');
    expect(await nextChance(from, call(['route:demo']), CHRISTMAS)).toBeNull();
  });

  test('a change that is scheduled for now stands in for one', async () => {
    const change = await changeOf({ systems: ['route:demo'], span: ['2026-12-25T12:00:00Z', '2026-12-25T13:00:00Z'] });
    expect(await verdict(services(NIGHTS), call(['route:demo'], { change }), CHRISTMAS)).toBe('passes');
  });
});

describe('with a change', () => {
  const NOW: readonly [string, string] = ['2026-12-25T12:00:00Z', '2026-12-25T13:00:00Z'];

  test('that nobody knows', async () => {
    await expect(demandWindow(services(), call([], { change: 'chg_none' }), CHRISTMAS)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
  });

  test.each<[string, Parameters<typeof changeOf>, string]>([
    ['not reviewed', [{}, null], 'CHANGE_NOT_APPROVED'],
    ['declined', [{}, 'declined'], 'CHANGE_NOT_APPROVED'],
    ['without a time', [{}], 'CHANGE_OUTSIDE_WINDOW'],
    ['over', [{ span: ['2026-12-25T11:00:00Z', '2026-12-25T12:30:00Z'] }], 'CHANGE_OUTSIDE_WINDOW'],
    ['about other systems', [{ systems: ['route:other'], span: NOW }], 'CONFLICT'],
    ['about another operation', [{ operation: 'deployment rollback', planSha256: 'aa', span: NOW }], 'CONFLICT'],
    ['with another plan', [{ operation: 'deployment deploy-production', planSha256: 'bb', span: NOW }], 'CONFLICT'],
  ])('%s: waiting does not help', async (_what, given, code) => {
    const change = await changeOf(...given);
    expect(await verdict(services(), call(['route:demo'], { change }), CHRISTMAS)).toBe(code);
    expect(await nextChance(services(), call(['route:demo'], { change }), CHRISTMAS)).toBeNull();
  });

  test('the refusal names the object that the change is not about', async () => {
    const change = await changeOf({ systems: ['route:demo'], span: NOW });
    await expect(demandWindow(services(), call(['route:demo', 'upstream:gpu'], { change }), CHRISTMAS)).rejects.toMatchObject({
      message: `deployment deploy-production would change upstream:gpu; ${change} is about route:demo only`,
      field: 'change',
    });
  });

  test('an operation that does not say what it touches needs a change with its plan', async () => {
    const some = await changeOf({ systems: ['route:demo'], span: NOW });
    expect(await verdict(services(), call(undefined, { change: some }), CHRISTMAS)).toBe('CONFLICT');
    const planned = await changeOf({ systems: ['route:other'], operation: 'deployment deploy-production', planSha256: 'aa', span: NOW });
    expect(await verdict(services(), call(undefined, { change: planned }), CHRISTMAS)).toBe('passes');
  });

  test('all of it fits; a process is no operation', async () => {
    const change = await changeOf({ systems: ['route:demo'], operation: 'deployment deploy-production', planSha256: 'aa', span: NOW });
    expect(await verdict(services(), call(['route:demo'], { change }), CHRISTMAS)).toBe('passes');
    expect(await verdict(services(), { ...PROCESS, change }, CHRISTMAS)).toBe('CONFLICT');
  });

  test('that is yet to come', async () => {
    const change = await changeOf({ systems: ['upstream:gpu'], span: ['2026-12-26T12:30:00Z', '2026-12-26T14:00:00Z'] });
    const gated = call(['upstream:gpu'], { change });
    expect(await verdict(services(GPU_FREEZE), gated, '2026-12-25T14:00:00Z')).toBe('CHANGE_OUTSIDE_WINDOW');
    expect(await nextChance(services(), gated, '2026-12-25T14:00:00Z')).toBe('2026-12-26T12:30:00.000Z');
    expect(await nextChance(services(GPU_FREEZE), gated, '2026-12-25T14:00:00Z')).toBe('2026-12-26T13:00:00.000Z');
  });

  test('whose time lies in a blackout as a whole', async () => {
    const change = await changeOf({ span: ['2026-12-24T12:00:00Z', '2026-12-26T12:00:00Z'] });
    expect(await verdict(services(FREEZE), call([], { change }), '2026-12-24T13:00:00Z')).toBe('CHANGE_BLACKOUT');
    expect(await nextChance(services(FREEZE), call([], { change }), '2026-12-24T13:00:00Z')).toBeNull();
  });
});

describe('the time of another change', () => {
  const TAKEN: readonly [string, string] = ['2026-12-25T12:00:00Z', '2026-12-25T13:00:00Z'];

  test('is kept free of calls about its systems, and the refusal names it', async () => {
    const taken = await changeOf({ systems: ['route:demo', 'upstream:gpu'], span: TAKEN });
    await expect(demandWindow(services(), call(['route:demo']), CHRISTMAS)).rejects.toMatchObject({
      code: 'CHANGE_CONFLICT',
      message: `${taken} has route:demo, upstream:gpu until 2026-12-25T13:00:00Z: a step of it carries --change ${taken}; possible from 2026-12-25T13:00:00.000Z`,
    });
    for (const gated of [call(['route:other']), call([]), call(undefined), PROCESS]) expect(await verdict(services(), gated, CHRISTMAS)).toBe('passes');
    expect(await verdict(services(), call(['route:demo'], { change: taken }), CHRISTMAS)).toBe('passes');
    for (const outside of ['2026-12-25T11:59:59.999Z', TAKEN[1]]) expect(await verdict(services(), call(['route:demo']), outside)).toBe('passes');
  });

  test('one about everything is kept free of everything but emergencies and break-glass', async () => {
    await changeOf({ span: TAKEN });
    for (const gated of [call(['route:demo']), call([]), call(undefined), PROCESS]) expect(await verdict(services(), gated, CHRISTMAS)).toBe('CHANGE_CONFLICT');
    expect(await verdict(services(), call([], { breakGlass: 'the house burns' }), CHRISTMAS)).toBe('passes');
    expect(await verdict(services(), call([], { declaration: { ...DEPLOY, effectFirst: true } }), CHRISTMAS)).toBe('passes');
  });

  test('a change that was not scheduled, or is moved away, keeps nothing', async () => {
    const moved = await changeOf({ systems: ['route:demo'] });
    expect(await verdict(services(), call(['route:demo']), CHRISTMAS)).toBe('passes');
    await changes.schedule(moved, { by: 'per_a', startsAt: TAKEN[0], endsAt: TAKEN[1] });
    expect(await verdict(services(), call(['route:demo']), CHRISTMAS)).toBe('CHANGE_CONFLICT');
    await changes.schedule(moved, { by: 'per_a', startsAt: '2027-01-01T00:00:00Z', endsAt: '2027-01-01T01:00:00Z' });
    expect(await verdict(services(), call(['route:demo']), CHRISTMAS)).toBe('passes');
  });

  test('one after the other and a blackout behind them: the chance lies behind all', async () => {
    await changeOf({ systems: ['upstream:gpu'], span: ['2026-12-25T10:00:00Z', '2026-12-25T11:30:00Z'] });
    await changeOf({ systems: ['upstream:gpu'], span: ['2026-12-25T11:30:00Z', '2026-12-25T12:30:00Z'] });
    expect(await nextChance(services(GPU_FREEZE), call(['upstream:gpu']), '2026-12-25T10:30:00Z')).toBe('2026-12-25T13:00:00.000Z');
  });
});

test('the next chance passes: at it and not a moment before', async () => {
  const from = services(FREEZE, GPU_FREEZE, NIGHTS);
  for (const objects of [['route:demo'], ['upstream:gpu'], ['route:demo', 'upstream:gpu'], []]) {
    const gated = call(objects);
    const chance = (await nextChance(from, gated, '2026-12-24T12:00:00Z')) ?? '';
    expect(await verdict(from, gated, chance)).toBe('passes');
    expect(await verdict(from, gated, new Date(Date.parse(chance) - 1).toISOString())).not.toBe('passes');
  }
});

test('a window without an end holds up, and no chance is named', async () => {
  const always = services({ ...GPU_FREEZE, cron: '* * * * *', duration: 60_000 });
  expect(await verdict(always, call(['upstream:gpu']), CHRISTMAS)).toBe('CHANGE_BLACKOUT');
  expect(await nextChance(always, call(['upstream:gpu']), CHRISTMAS)).toBeNull();
});
