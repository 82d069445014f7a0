import { expect, test } from 'vitest';
import { call, codeOf, startHarness, testAdapter } from './fixtures/harness.ts';
import { startGatewayWorker } from '../../src/gateway/worker.ts';
import { LimitBank } from '../../src/gateway/limits/limit-bank.ts';
import { bankInProcess, LimitSlices } from '../../src/gateway/limits/limit-slices.ts';

test('a port that is taken is named', async () => {
  const harness = await startHarness();
  const second = startGatewayWorker({
    slot: 1,
    host: '127.0.0.1',
    port: harness.worker.port,
    feed: harness.posture,
    log: harness.log,
    subjectMasterKey: harness.posture.subjectMasterKey,
    sessionSigningKey: null,
    limits: new LimitSlices(bankInProcess(new LimitBank(1))),
    adapterFor: () => testAdapter(),
  });
  await expect(second).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  await harness.close();
});

test('the token of an upstream goes to the upstream and nowhere else; one that cannot be read closes the upstream', async () => {
  const harness = await startHarness();
  harness.posture.addUpstream('a', harness.upstream.url, 'vllm', '/nonexistent/token');
  const reply = await call(harness);
  expect(codeOf(reply)).toBe('UPSTREAM_UNAVAILABLE');
  expect(reply.text).not.toContain('/nonexistent');
  harness.posture.addUpstream('a', 'not a url');
  expect(codeOf(await call(harness))).toBe('UPSTREAM_UNAVAILABLE');
  harness.posture.addUpstream('a', `${harness.upstream.url}/prefix/`);
  expect((await call(harness)).status).toBe(200);
  expect(harness.upstream.seen.at(-1)?.url).toBe('/prefix/v1/chat/completions');
  harness.posture.patch({ upstreams: [] });
  expect(codeOf(await call(harness))).toBe('UPSTREAM_UNAVAILABLE');
  await harness.close();
});

test('connections that carry nothing do not hold a worker that stops', async () => {
  const harness = await startHarness();
  for (let i = 0; i < 3; i++) await fetch(`${harness.url}/health`).then((answer) => answer.text());
  await harness.close();
  expect(harness.worker.status().activeRequests).toBe(0);
});
