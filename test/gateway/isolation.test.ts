import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { begin, call, CHAT, codeOf, eventsOf, readAll, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, endless, sseHead } from './fixtures/scripted-upstream.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ script: endless() });
});
afterEach(async () => {
  await harness.close();
});

const STREAM = { body: { ...CHAT, stream: true } };

async function cutStream(answer: IncomingMessage, change: () => void): Promise<{ readonly code: string; readonly events: number }> {
  const all = readAll(answer);
  await new Promise((resolve) => setTimeout(resolve, 20));
  change();
  const reply = await all;
  expect(reply.broken).toBe(false);
  const events = eventsOf(reply.text);
  expect(reply.text).not.toContain('[DONE]');
  const last = JSON.parse(events.at(-1) ?? '') as { error: { code: string; request_id: string } };
  expect(last.error.request_id).toBe(reply.headers['x-request-id']);
  await until(() => harness.log.of(last.error.request_id).length === 2);
  expect(harness.log.of(last.error.request_id)[1]?.outcome).toBe('cut');
  return { code: last.error.code, events: events.length };
}

describe('running streams end in the turn of the change', () => {
  test.each<[string, string, (harness: Harness) => void]>([
    [
      'isolation of everything',
      'ISOLATED',
      (h) => {
        h.posture.isolate('all', null);
      },
    ],
    [
      'isolation of the model',
      'ISOLATED',
      (h) => {
        h.posture.isolate('model', 'm');
      },
    ],
    [
      'isolation of the upstream',
      'ISOLATED',
      (h) => {
        h.posture.isolate('upstream', 'a');
      },
    ],
    [
      'isolation of the key',
      'ISOLATED',
      (h) => {
        h.posture.isolate('key', h.keyId);
      },
    ],
    [
      'the kill switch',
      'ISOLATED',
      (h) => {
        h.posture.setKillSwitch(true);
      },
    ],
    [
      'the kill switch after the database died',
      'ISOLATED',
      (h) => {
        h.posture.endLease(60_000);
        h.posture.setKillSwitch(true);
      },
    ],
    [
      'revocation of the key',
      'REVOKED',
      (h) => {
        h.posture.revoke(h.keyId);
      },
    ],
    [
      'revocation of all sessions',
      'REVOKED',
      (h) => {
        h.posture.voidSessions();
      },
    ],
    [
      'narrowing the models of the key',
      'MODEL_NOT_ALLOWED',
      (h) => {
        h.posture.changeKey(h.keyId, { models: ['other'] });
      },
    ],
    [
      'the end of the lease',
      'POSTURE_STALE',
      (h) => {
        h.posture.endLease(30);
      },
    ],
  ])('%s', async (_name, code, change) => {
    const answer = await begin(harness, STREAM);
    expect(
      (
        await cutStream(answer, () => {
          change(harness);
        })
      ).code,
    ).toBe(code);
    await until(() => harness.upstream.seen[0]?.aborted === true);
    expect(harness.worker.status().activeRequests).toBe(0);
    if (code !== 'POSTURE_STALE') expect(harness.worker.status().cutByLastChange).toBe(1);
  });

  test.each<[string, (harness: Harness) => void]>([
    [
      'isolation of another model',
      (h) => {
        h.posture.isolate('model', 'x');
      },
    ],
    [
      'isolation of another upstream',
      (h) => {
        h.posture.isolate('upstream', 'x');
      },
    ],
    [
      'isolation of another key',
      (h) => {
        h.posture.isolate('key', 'key_x');
      },
    ],
    [
      'revocation of another key',
      (h) => {
        h.posture.revoke(h.posture.addKey().key.id);
      },
    ],
  ])('but not by %s', async (_name, change) => {
    const answer = await begin(harness, STREAM);
    change(harness);
    const seen = await new Promise<boolean>((resolve) => {
      let events = 0;
      answer.on('data', () => (events += 1) > 5 && resolve(true));
      answer.on('close', () => {
        resolve(false);
      });
    });
    expect(seen).toBe(true);
    answer.destroy();
  });

  test('a hundred at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => begin(harness, STREAM)));
    const all = Promise.all(answers.map(readAll));
    harness.posture.isolate('all', null);
    for (const reply of await all) expect(reply.text).toContain('ISOLATED');
    expect(harness.worker.status()).toMatchObject({ cutByLastChange: 100, activeStreams: 0 });
  });

  test('the grace keeps running streams for its time, and no new ones', async () => {
    harness.posture.patch({ streamGraceMs: 30_000 });
    const answer = await begin(harness, STREAM);
    const all = readAll(answer);
    harness.posture.endLease(0);
    expect(codeOf(await call(harness, STREAM))).toBe('POSTURE_STALE');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(harness.worker.status().activeStreams).toBe(1);
    harness.posture.renewLease();
    harness.posture.patch({ streamGraceMs: 0 });
    expect(harness.worker.status().activeStreams).toBe(1);
    harness.posture.endLease(10);
    expect((await all).text).toContain('POSTURE_STALE');
  });
});

describe('requests that have not been answered', () => {
  test.each<[string, number, string, (harness: Harness) => void]>([
    [
      'isolation',
      503,
      'ISOLATED',
      (h) => {
        h.posture.isolate('model', 'm');
      },
    ],
    [
      'revocation',
      401,
      'REVOKED',
      (h) => {
        h.posture.revoke(h.keyId);
      },
    ],
    [
      'the end of the lease',
      503,
      'POSTURE_STALE',
      (h) => {
        h.posture.endLease(20);
      },
    ],
  ])('get an ordinary error: %s', async (_name, status, code, change) => {
    harness.upstream.script = () => undefined;
    const plain = call(harness);
    const streamed = call(harness, STREAM);
    await until(() => harness.upstream.seen.length === 2);
    change(harness);
    for (const reply of await Promise.all([plain, streamed])) {
      expect([reply.status, codeOf(reply)]).toEqual([status, code]);
      expect(reply.headers[code === 'POSTURE_STALE' ? 'retry-after' : 'x-should-retry']).toBe(code === 'POSTURE_STALE' ? '1' : 'false');
      expect(harness.log.of(String(reply.headers['x-request-id'])).at(-1)?.outcome).toBe('cut');
    }
    await until(() => harness.upstream.seen.every((seen) => seen.aborted));
  });

  test('isolation says that it is so, not why, and the list of models still answers', async () => {
    harness.posture.isolate('all', null);
    const reply = await call(harness);
    expect([reply.status, codeOf(reply)]).toEqual([503, 'ISOLATED']);
    expect(reply.text).not.toContain('drill');
    expect(harness.upstream.seen).toHaveLength(0);
    expect((await call(harness, { method: 'GET', path: '/v1/models' })).status).toBe(200);
    expect(codeOf(await call(harness, { path: '/v1/sessions', body: {} }))).toBe('ISOLATED');
    harness.posture.lift();
    harness.upstream.script = (_seen, response) => {
      sseHead(response);
      response.end(`${chunk('x', 'stop')}data: [DONE]\n\n`);
    };
    expect((await call(harness, STREAM)).status).toBe(200);
  });

  test('isolation never moves traffic to another upstream', async () => {
    const targets = [
      { upstream: 'a', model: 'served', weight: 1_000_000_000 },
      { upstream: 'b', model: 'served', weight: 1 },
    ];
    harness.posture.addUpstream('b', harness.upstream.url);
    harness.posture.addRoute({ model: 'm', targets, backup: { upstream: 'b', model: 'served', weight: 1 }, active: 'primary' });
    harness.posture.isolate('upstream', 'a');
    expect(codeOf(await call(harness))).toBe('ISOLATED');
    expect(harness.upstream.seen).toHaveLength(0);
  });

  test('a lease that ended serves nothing; one that is renewed serves again', async () => {
    harness.posture.endLease(-1);
    expect(codeOf(await call(harness))).toBe('POSTURE_STALE');
    expect((await call(harness, { method: 'GET', path: '/health', key: null })).status).toBe(503);
    harness.posture.renewLease();
    expect((await call(harness, { method: 'GET', path: '/health', key: null })).status).toBe(200);
  });

  test('a worker that stops tells its streams so', async () => {
    const answer = await begin(harness, STREAM);
    const all = readAll(answer);
    await harness.worker.close();
    expect((await all).text).toContain('GATEWAY_STOPPING');
  });
});
