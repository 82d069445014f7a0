import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { emergencyIsolation } from '../../../src/operations/security/emergency-isolation.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

function run(input: object, context = contextOf(services)) {
  return emergencyIsolation.perform(context, parseFields(emergencyIsolation.input, input));
}

function plan(input: object) {
  return emergencyIsolation.plan(contextOf(services), parseFields(emergencyIsolation.input, input));
}

async function addKey(name: string): Promise<string> {
  const limits = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };
  const { key } = await services.posture.issueKey(
    { name, subject: name, models: null, limits },
    { actor: 'system', runId: `issue-${name}-${String(Math.random())}`, operation: 'test' },
  );
  return key.id;
}

describe('targets that are refused, with what there is', () => {
  test.each<[string, object, RegExp]>([
    ['an unknown model', { model: 'demoo' }, /demo, side/],
    ['an unknown upstream', { upstream: 'third' }, /primary, backup, other/],
    ['an unknown key', { key: 'key_none' }, /key_none/],
  ])('%s', async (_what, input, detail) => {
    await expect(run(input)).rejects.toThrow(detail);
    await expect(plan(input)).rejects.toThrow(ElulmcError);
    expect((await services.posture.read()).isolations).toEqual([]);
  });

  test('a key named twice', async () => {
    await addKey('batch');
    await addKey('batch');
    await expect(run({ key: 'batch' })).rejects.toThrow(/several API keys.*key_.*key_/);
  });

  test('the text of a key: refused without repeating it', () => {
    expect(() => parseFields(emergencyIsolation.input, { key: 'elk_supersecret' })).toThrow(/key: .*never its text/);
    expect(() => parseFields(emergencyIsolation.input, { key: 'elk_supersecret' })).not.toThrow(/supersecret/);
  });
});

describe('what is isolated', () => {
  test.each<[string, object, readonly object[]]>([
    [
      'without options, the upstreams that serve now',
      {},
      [
        { scope: 'upstream', target: 'primary' },
        { scope: 'upstream', target: 'other' },
      ],
    ],
    ['--all', { all: true, model: 'demo' }, [{ scope: 'all', target: null }]],
    ['--model', { model: 'demo' }, [{ scope: 'model', target: 'demo' }]],
    ['--upstream', { upstream: 'backup' }, [{ scope: 'upstream', target: 'backup' }]],
    [
      '--model and --upstream together',
      { model: 'side', upstream: 'primary' },
      [
        { scope: 'model', target: 'side' },
        { scope: 'upstream', target: 'primary' },
      ],
    ],
  ])('%s', async (_what, input, isolated) => {
    services.gateways.running = 3;
    const planned = await plan(input);
    const { output, verdict } = await run({ ...input, reason: 'INC-7' });
    expect(verdict).toBe('ok');
    expect(planned.changes).toHaveLength(isolated.length);
    expect(output).toMatchObject({ changed: true, version: 2, isolated, gatewaysApplied: 1, gatewaysTotal: 1, gatewaysUnreachable: [], cutRequests: 3 });
    expect((await services.posture.read()).isolations).toMatchObject(isolated.map((target) => ({ ...target, reason: 'INC-7' })));
    expect(emergencyIsolation.output.parse(output)).toEqual(output);
  });

  test('a key by its name', async () => {
    const id = await addKey('batch');
    expect((await run({ key: 'batch' })).output.isolated).toEqual([{ scope: 'key', target: id }]);
  });

  test('while the backup serves, the backup', async () => {
    await services.posture.moveRoutes(['demo'], 'backup', { actor: 'system', runId: 'x', operation: 'test' });
    expect((await run({})).output.isolated).toContainEqual({ scope: 'upstream', target: 'backup' });
    expect((await run({})).output.isolated).not.toContainEqual({ scope: 'upstream', target: 'primary' });
  });

  test('what is isolated already is no change', async () => {
    await run({ upstream: 'primary' });
    expect(await plan({ upstream: 'primary' })).toEqual({ changes: [], notes: ['upstream primary is isolated already'] });
    expect((await run({ upstream: 'primary' })).output).toMatchObject({ changed: false, version: 2 });
  });

  test('the same run id changes nothing the second time, even when other upstreams serve by then', async () => {
    const context = contextOf(services);
    await run({}, context);
    await services.posture.moveRoutes(['demo'], 'backup', { actor: 'system', runId: 'x', operation: 'test' });
    await run({}, context);
    expect((await services.posture.read()).isolations.map((isolation) => isolation.target)).toEqual(['primary', 'other']);
  });

  test('a gateway that does not answer is named, and is no failure', async () => {
    services.gateways.reachable = false;
    const { output, verdict, summary } = await run({});
    expect(verdict).toBe('ok');
    expect(output).toMatchObject({ gatewaysApplied: 0, gatewaysTotal: 1, gatewaysUnreachable: ['local'] });
    expect(summary).toMatch(/0 of 1 gateways \(the others serve nothing once their lease has ended/);
    expect(emergencyIsolation.render?.(output).join('\n')).toMatch(/not reached {2}local/);
  });
});
