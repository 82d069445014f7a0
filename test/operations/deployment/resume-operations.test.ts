import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resumeOperations } from '../../../src/operations/deployment/resume-operations.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { writeKillSwitch } from '../../../src/services/posture/kill-switch-file.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
const AUTHOR = { actor: 'system', runId: 'before', operation: 'test' };

beforeEach(async () => {
  services = memoryServices();
  await services.posture.moveRoutes(['demo'], 'backup', AUTHOR);
  await services.posture.isolate(
    [
      { scope: 'upstream', target: 'primary' },
      { scope: 'model', target: 'side' },
    ],
    'INC-7',
    AUTHOR,
  );
});

afterEach(() => {
  services.remove();
});

function run(input: object) {
  return resumeOperations.perform(contextOf(services), parseFields(resumeOperations.input, input));
}

function plan(input: object) {
  return resumeOperations.plan(contextOf(services), parseFields(resumeOperations.input, input));
}

test.each([{ model: 'demoo' }, { upstream: 'third' }, { key: 'key_none' }])('%o: refused, nothing lifted', async (input) => {
  await expect(run(input)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await services.posture.read()).isolations).toHaveLength(2);
});

describe('what is lifted', () => {
  test.each<[string, object, readonly string[], readonly string[]]>([
    ['without options, everything', {}, ['primary', 'side'], []],
    ['--upstream', { upstream: 'primary' }, ['primary'], ['side']],
    ['--model', { model: 'side' }, ['side'], ['primary']],
    ['what is not isolated', { upstream: 'other' }, [], ['primary', 'side']],
  ])('%s', async (_what, input, lifted, remaining) => {
    expect((await plan(input)).changes).toHaveLength(lifted.length);
    const { output, verdict } = await run(input);
    expect(verdict).toBe('ok');
    expect(output.lifted.map((each) => each.target)).toEqual(lifted);
    expect(output.remaining.map((each) => each.target)).toEqual(remaining);
    expect((await services.posture.read()).isolations.map((each) => each.target)).toEqual(remaining);
    expect(resumeOperations.output.parse(output)).toEqual(output);
  });
});

describe('routes', () => {
  test('stay where they are', async () => {
    expect((await run({})).output.restored).toEqual([]);
    expect((await services.posture.read()).routes[0]?.active).toBe('backup');
  });

  test('go back with --restore-routes, before isolation is lifted', async () => {
    const lift = services.posture.lift.bind(services.posture);
    services.posture.lift = async (...given) => {
      expect((await services.posture.read()).routes[0]?.active).toBe('primary');
      return lift(...given);
    };
    expect((await plan({ restoreRoutes: true })).changes[0]).toBe('serve demo from its primary again');
    expect((await run({ restoreRoutes: true })).output.restored).toEqual(['demo']);
  });

  test('of other models are left alone', async () => {
    expect((await run({ restoreRoutes: true, model: 'side' })).output.restored).toEqual([]);
  });
});

describe('single routes', () => {
  test('with anything else beside them, or with an unknown one, nothing changes', async () => {
    for (const input of [{ killSwitch: true }, { restoreRoutes: true }, { model: 'demo' }]) {
      await expect(run({ route: ['demo'], ...input })).rejects.toMatchObject({ code: 'USAGE', field: 'route' });
    }
    await expect(plan({ route: ['demoo'] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('move back and lift nothing', async () => {
    const { isolations } = await services.posture.read();
    await services.posture.moveRoutes(['demo'], 'backup', { actor: 'system', runId: 'moved', operation: 'test' });
    expect((await plan({ route: ['demo'] })).changes).toEqual(['serve demo from its primary again']);
    expect((await run({ route: ['demo', 'side'] })).output).toMatchObject({ restored: ['demo'], lifted: [] });
    expect((await services.posture.read()).isolations).toEqual(isolations);
  });
});

describe('the kill switch', () => {
  beforeEach(() => {
    writeKillSwitch(services.home.killswitch, 'INC-7', 'local:0');
  });

  test('stays unless asked, and that is a finding', async () => {
    const planned = await plan({});
    expect(planned.notes[0]).toMatch(/--kill-switch removes it/);
    const { output, verdict, summary } = await run({});
    expect(verdict).toBe('finding');
    expect(output).toMatchObject({ killSwitchPresent: true, killSwitchRemoved: false });
    expect(summary).toMatch(/still in place/);
    expect(existsSync(services.home.killswitch)).toBe(true);
  });

  test('goes with --kill-switch, last of all', async () => {
    expect((await plan({ killSwitch: true })).changes.at(-1)).toBe('remove the kill-switch file of this host');
    const { output, verdict } = await run({ killSwitch: true });
    expect(verdict).toBe('ok');
    expect(output).toMatchObject({ killSwitchPresent: false, killSwitchRemoved: true });
    expect(existsSync(services.home.killswitch)).toBe(false);
  });

  test('that is not there is not removed', async () => {
    await run({ killSwitch: true });
    expect((await run({ killSwitch: true })).output).toMatchObject({ killSwitchRemoved: false, killSwitchPresent: false });
  });
});
