import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, CHAT, codeOf, dataOf, startHarness, testAdapter } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { COMPLETION, json, ScriptedUpstream } from './fixtures/scripted-upstream.ts';
import type { Script } from './fixtures/scripted-upstream.ts';

let harness: Harness;
const extra: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(async () => {
  await harness.close();
  for (const one of extra.splice(0)) await one.close();
});

const STREAM = { body: { ...CHAT, stream: true } };

describe('a second attempt', () => {
  async function second(script: Script = json(COMPLETION)): Promise<ScriptedUpstream> {
    const upstream = await ScriptedUpstream.start(script);
    extra.push(upstream);
    harness.posture.addUpstream('b', upstream.url);
    // Weights so far apart that the first choice is `a`.
    harness.posture.addRoute({
      model: 'm',
      targets: [
        { upstream: 'a', model: 'served', weight: 1_000_000_000 },
        { upstream: 'b', model: 'other', weight: 1 },
      ],
      backup: null,
      active: 'primary',
    });
    return upstream;
  }

  const attempts = (id: unknown): unknown => dataOf(harness.log.of(String(id)).at(-1))['attempts'];

  test.each<[string, Script]>([
    ['502', json({}, 502)],
    ['503', json({}, 503)],
    ['504', json({}, 504)],
    ['a reset before the head', (_seen, _response, socket) => socket.destroy()],
  ])('is made elsewhere after %s', async (_name, script) => {
    const other = await second();
    harness.upstream.script = script;
    const reply = await call(harness);
    expect(reply.status).toBe(200);
    expect(JSON.parse(other.seen[0]?.body ?? '')).toMatchObject({ model: 'other' });
    expect(attempts(reply.headers['x-request-id'])).toMatchObject([{ upstream: 'a' }, { upstream: 'b', status: 200 }]);
  });

  test('is made elsewhere when nothing listens', async () => {
    await second();
    await harness.upstream.close();
    expect((await call(harness)).status).toBe(200);
  });

  test('is made on the same upstream when it is alone, and there is no third', async () => {
    harness.upstream.script = json({}, 503);
    const reply = await call(harness);
    expect(codeOf(reply)).toBe('UPSTREAM_UNAVAILABLE');
    expect(reply.headers['retry-after']).toBeDefined();
    expect(harness.upstream.seen).toHaveLength(2);
    expect(attempts(reply.headers['x-request-id'])).toMatchObject([{ status: 503 }, { status: 503 }]);
  });

  test('is not made on an isolated upstream', async () => {
    const other = await second();
    harness.posture.isolate('upstream', 'b');
    harness.upstream.script = json({}, 503);
    expect(codeOf(await call(harness))).toBe('UPSTREAM_UNAVAILABLE');
    expect(other.seen).toHaveLength(0);
  });

  test('is not made after a head', async () => {
    const other = await second();
    harness.upstream.script = (_seen, response, socket) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n', () => socket.destroy());
    };
    expect(codeOf(await call(harness, STREAM))).toBe('UPSTREAM_INTERRUPTED');
    expect(other.seen).toHaveLength(0);
  });

  test('is not needed where another upstream is known to be ready', async () => {
    const ready = { ...testAdapter(), probe: (address: { readonly name: string }) => Promise.resolve(address.name === 'b') };
    await harness.close();
    harness = await startHarness({ adapter: ready });
    const other = await second();
    await harness.upstream.close();
    for (let i = 0; i < 5; i++) {
      const reply = await call(harness);
      expect(attempts(reply.headers['x-request-id'])).toMatchObject([{ upstream: 'b', status: 200 }]);
    }
    expect(other.seen).toHaveLength(5);
  });

  test('the backup serves only once it is active', async () => {
    const other = await second();
    const backup = { upstream: 'b', model: 'other', weight: 1 };
    harness.posture.addRoute({ model: 'm', targets: [{ upstream: 'a', model: 'served', weight: 1 }], backup, active: 'primary' });
    await call(harness);
    expect(other.seen).toHaveLength(0);
    harness.posture.addRoute({ model: 'm', targets: [{ upstream: 'a', model: 'served', weight: 1 }], backup, active: 'backup' });
    await call(harness);
    expect(other.seen).toHaveLength(1);
  });
});
