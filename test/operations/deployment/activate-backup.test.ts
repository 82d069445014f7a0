import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { activateBackup } from '../../../src/operations/deployment/activate-backup.ts';
import { resumeOperations } from '../../../src/operations/deployment/resume-operations.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { writeKillSwitch } from '../../../src/services/posture/kill-switch-file.ts';
import { MemoryPostureService } from '../../fixtures/memory-posture-service.ts';
import { ROUTING, contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
const AUTHOR = { actor: 'system', runId: 'before', operation: 'test' };

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

function run(input: object = {}, context = contextOf(services)) {
  return activateBackup.perform(context, parseFields(activateBackup.input, input));
}

async function serving(): Promise<string | undefined> {
  return (await services.posture.read()).routes.find((route) => route.model === 'demo')?.active;
}

describe('what is refused moves nothing and warms nothing', () => {
  test.each<[string, () => unknown, object, ErrorCode, RegExp]>([
    ['an unknown model', () => undefined, { model: 'demoo' }, 'NOT_FOUND', /known: demo, side/],
    ['a route without a backup', () => undefined, { model: 'side' }, 'CONFLICT', /side has no backup/],
    ['a kill switch', () => writeKillSwitch(services.home.killswitch, 'INC-7', 'local:0'), {}, 'KILLSWITCH_PRESENT', /killswitch.*local:0 \(INC-7\)/],
    [
      'an isolated backup',
      () => services.posture.isolate([{ scope: 'upstream', target: 'backup' }], 'x', AUTHOR),
      {},
      'CONFLICT',
      /upstream backup is isolated by system/,
    ],
    ['an isolated model', () => services.posture.isolate([{ scope: 'model', target: 'demo' }], 'x', AUTHOR), {}, 'CONFLICT', /model demo is isolated/],
    ['everything isolated', () => services.posture.isolate([{ scope: 'all', target: null }], 'x', AUTHOR), {}, 'CONFLICT', /everything is isolated/],
  ])('%s', async (_what, prepare, input, code, detail) => {
    await prepare();
    const error: unknown = await run(input).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(detail) as string });
    await expect(activateBackup.plan(contextOf(services), parseFields(activateBackup.input, input))).rejects.toThrow(detail);
    expect(await serving()).toBe('primary');
    expect(services.models.warmed).toEqual([]);
  });

  test('an installation without any backup', async () => {
    const routing = { ...ROUTING, routes: ROUTING.routes.map((route) => ({ ...route, backup: null })) };
    const context = contextOf({ ...services, posture: new MemoryPostureService(routing) });
    await expect(run({}, context)).rejects.toThrow(/no route has a backup/);
  });

  test('a backup that does not answer', async () => {
    services.models.warmFailure = new ElulmcError('UPSTREAM_INVALID', 'status 500');
    await expect(run()).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(await serving()).toBe('primary');
  });
});

test('the backup answers first, then the route moves', async () => {
  const context = contextOf(services);
  const moveRoutes = services.posture.moveRoutes.bind(services.posture);
  services.posture.moveRoutes = (...given) => {
    expect(services.models.warmed).toEqual(['backup']);
    return moveRoutes(...given);
  };
  expect(await activateBackup.plan(context, {})).toMatchObject({ changes: [expect.stringContaining('serve demo from backup')] });
  const { output, verdict } = await run({}, context);
  expect(verdict).toBe('ok');
  expect(output).toMatchObject({
    changed: true,
    moved: ['demo'],
    already: [],
    warmUps: [{ upstream: 'backup', model: 'backup-clean', answer: 'Hello' }],
    gatewaysApplied: 1,
  });
  expect(await serving()).toBe('backup');
  expect(context.said[0]).toMatch(/backup/);
  expect(activateBackup.output.parse(output)).toEqual(output);
});

test('an isolated primary is what a backup is for', async () => {
  await services.posture.isolate([{ scope: 'upstream', target: 'primary' }], 'x', AUTHOR);
  expect((await run()).output.moved).toEqual(['demo']);
});

test('a route on its backup is left as it is, even when that backup is isolated', async () => {
  await run();
  await services.posture.isolate([{ scope: 'upstream', target: 'backup' }], 'x', AUTHOR);
  const { output, summary } = await run({ model: 'demo' });
  expect(output).toMatchObject({ changed: false, moved: [], already: ['demo'], warmUps: [] });
  expect(summary).toMatch(/^The backup served already: demo/);
});

describe('taking it back', () => {
  test('moves back what it moved, and nothing that a backup served before or that is isolated', async () => {
    const { output } = await run();
    const compensation = activateBackup.compensate?.(parseFields(activateBackup.input, {}), output);
    expect(compensation).toEqual({ room: 'deployment', name: 'resume-operations', input: { route: ['demo'] } });
    await services.posture.isolate([{ scope: 'upstream', target: 'primary' }], 'x', AUTHOR);
    await resumeOperations.perform(contextOf(services), parseFields(resumeOperations.input, compensation?.input));
    expect(await serving()).toBe('primary');
    expect((await services.posture.read()).isolations).toHaveLength(1);
  });

  test('there is nothing to take back where the backup served already', async () => {
    await run();
    const { output } = await run({}, contextOf(services));
    expect(activateBackup.compensate?.(parseFields(activateBackup.input, {}), output)).toBeNull();
  });
});
