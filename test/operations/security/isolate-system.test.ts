import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { isolateSystem } from '../../../src/operations/security/isolate-system.ts';
import { MemoryPostureService } from '../../fixtures/memory-posture-service.ts';
import { ROUTING, contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;

beforeEach(() => {
  const memory = memoryServices();
  // `side` is a model and an upstream.
  const posture = new MemoryPostureService({
    ...ROUTING,
    upstreams: [...ROUTING.upstreams, { name: 'side', url: 'http://127.0.0.1:4', engine: 'vllm', tokenFile: null }],
  });
  services = { ...memory, posture, gateways: Object.assign(memory.gateways, { status: () => Promise.resolve([]) }) };
});

afterEach(() => {
  services.remove();
});

function run(input: object) {
  return isolateSystem.perform(contextOf(services), parseFields(isolateSystem.input, input));
}

test.each<[string, object, ErrorCode, RegExp]>([
  ['no target', {}, 'USAGE', /models: demo, side; upstreams: primary, backup, other, side/],
  ['only a reason', { reason: 'INC-7' }, 'USAGE', /name the system/],
  ['a name of nothing', { target: 'tertiary' }, 'NOT_FOUND', /"tertiary" is no model, upstream or key/],
  ['a name of two things', { target: 'side' }, 'USAGE', /--model side or --upstream side/],
])('%s: nothing is isolated', async (_what, input, code, detail) => {
  const error: unknown = await run(input).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ElulmcError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(detail) as string });
  await expect(isolateSystem.plan(contextOf(services), parseFields(isolateSystem.input, input))).rejects.toThrow(detail);
  expect((await services.posture.read()).isolations).toEqual([]);
});

describe('targets', () => {
  test.each<[string, object, object]>([
    ['a model by its name', { target: 'demo' }, { scope: 'model', target: 'demo' }],
    ['an upstream by its name', { target: 'primary' }, { scope: 'upstream', target: 'primary' }],
    ['an option', { upstream: 'side' }, { scope: 'upstream', target: 'side' }],
  ])('%s', async (_what, input, target) => {
    const { output } = await run(input);
    expect(output.isolated).toEqual([target]);
    expect(isolateSystem.output.parse(output)).toEqual(output);
    expect((await services.posture.read()).isolations).toMatchObject([target]);
  });

  test('a runbook gives it as SYSTEM', () => {
    expect(isolateSystem.parameters).toEqual({ target: 'SYSTEM' });
    expect(isolateSystem.positional).toEqual(['target']);
  });
});
