import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sleep } from '../../src/core/clock.ts';
import { ElulmcError } from '../../src/core/errors.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { defineOperation } from '../../src/operations/declaration.ts';
import type { OperationDeclaration, Performed, Risk } from '../../src/operations/declaration.ts';
import { LOCAL_TOKEN, startApi } from './control-api-fixture.ts';
import type { RunningApi } from './control-api-fixture.ts';

type Perform = (context: OperationContext) => Promise<Performed<Record<string, never>>>;

describe('events', () => {
  /** An operation that a test drives: it says things, then ends as the test says. */
  function driven(risk: Risk, perform: Perform): CatalogueEntry {
    const declaration = defineOperation({
      room: 'audits',
      name: 'driven',
      runbookLine: null,
      summary: '',
      description: '',
      risk,
      permission: 'read',
      approvals: 0,
      input: z.strictObject({}),
      output: z.object({}),
      frameworks: {},
      examples: [],
      undo: '',
      plan: () => Promise.resolve({ changes: [], notes: [] }),
      perform,
    });
    return {
      room: 'audits',
      name: 'driven',
      runbookLine: null,
      summary: '',
      risk,
      local: null,
      load: () => Promise.resolve(declaration as OperationDeclaration),
    };
  }

  async function apiWith(risk: Risk, perform: Perform): Promise<RunningApi> {
    return startApi({ catalogue: [driven(risk, perform)] });
  }

  const DRIVEN = '/v1/operations/audits/driven';
  const headers = { accept: 'text/event-stream' };
  const done = { output: {}, verdict: 'ok' as const, summary: 'Done.' };

  function eventsOf(text: string): [string, Record<string, unknown>][] {
    return [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map((match) => [match[1] ?? '', JSON.parse(match[2] ?? '') as Record<string, unknown>]);
  }

  test('progress as it comes, then the result', async () => {
    const running = await apiWith('read', async (context) => {
      context.progress('half\nway');
      await sleep(20);
      context.progress('there');
      return done;
    });
    try {
      const answer = await running.send('POST', DRIVEN, { token: LOCAL_TOKEN, body: {}, headers });
      expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      expect(answer.headers['x-request-id']).toMatch(/^req_/);
      expect(eventsOf(answer.text)).toMatchObject([
        ['progress', { text: 'half\nway' }],
        ['progress', { text: 'there' }],
        ['result', { summary: 'Done.', exit: 0 }],
      ]);
    } finally {
      await running.stop();
    }
  });

  test('an error after progress is the last event; one before has its own status', async () => {
    const running = await apiWith('read', (context) => {
      context.progress('trying');
      return Promise.reject(new ElulmcError('CONFLICT', 'the state changed'));
    });
    try {
      const late = await running.send('POST', DRIVEN, { token: LOCAL_TOKEN, body: {}, headers });
      expect(late.status).toBe(200);
      expect(eventsOf(late.text).at(-1)).toMatchObject(['error', { code: 'CONFLICT', status: 409, exit: 1 }]);
      const early = await running.send('POST', DRIVEN, { token: LOCAL_TOKEN, body: { x: 1 }, headers });
      expect(early).toMatchObject({ status: 400, json: { code: 'FIELD_INVALID' } });
      expect((await running.send('POST', DRIVEN, { body: {}, headers })).status).toBe(401);
    } finally {
      await running.stop();
    }
  });

  test.each<[Risk, boolean]>([
    ['read', true],
    ['change', false],
  ])('when the caller has gone, a %s is aborted: %s', async (risk, aborted) => {
    const started = Promise.withResolvers<AbortSignal>();
    const finish = Promise.withResolvers<undefined>();
    const running = await apiWith(risk, async (context) => {
      started.resolve(context.signal);
      await Promise.race([
        finish.promise,
        new Promise((resolve) => {
          context.signal.addEventListener('abort', resolve, { once: true });
        }),
      ]);
      return done;
    });
    try {
      const token = await running.personToken('admin');
      const controller = new AbortController();
      const sent = fetch(`http://127.0.0.1:${String(running.api.port)}${DRIVEN}`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
        signal: controller.signal,
      });
      const signal = await started.promise;
      controller.abort();
      await expect(sent).rejects.toThrow();
      if (aborted) await expect.poll(() => signal.aborted).toBe(true);
      finish.resolve(undefined);
      // Whatever became of the caller, the result is recorded.
      await expect.poll(() => running.log.entries.at(-1)?.kind).toBe('operation.done');
      expect(signal.aborted).toBe(aborted);
    } finally {
      await running.stop();
    }
  });

  test('a stop aborts what runs, and waits for it', async () => {
    const started = Promise.withResolvers<undefined>();
    const running = await apiWith('change', async (context) => {
      started.resolve(undefined);
      await sleep(60_000, context.signal);
      return done;
    });
    const token = await running.personToken('admin');
    const sent = running.send('POST', DRIVEN, { token, body: {} });
    await started.promise;
    await running.stop();
    expect(await sent).toMatchObject({ status: 503, json: { code: 'INTERRUPTED', exit: 130 } });
    expect(running.log.entries.at(-1)).toMatchObject({ outcome: 'cancelled' });
  });
});
