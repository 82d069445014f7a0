import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createModelService } from '../../../src/services/models/model-service.ts';
import type { UpstreamDefinition } from '../../../src/services/posture/snapshot.ts';

const target = { upstream: 'u', model: 'm', weight: 1 };
let server: Server | undefined;

async function upstream(listener: RequestListener): Promise<UpstreamDefinition> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { name: 'u', url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, engine: 'vllm', tokenFile: null };
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

function answering(status: number, body: string): RequestListener {
  return (request, response) => {
    if (request.method === 'GET') response.writeHead(200).end('{}');
    else response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
}

describe('warming a backup', () => {
  test('asks one real question and gives the answer', async () => {
    const asked: string[] = [];
    const definition = await upstream((request, response) => {
      asked.push(`${String(request.method)} ${String(request.url)}`);
      answering(200, JSON.stringify({ choices: [{ message: { content: 'Hi' } }] }))(request, response);
    });
    const warm = await createModelService().warm(definition, target);
    expect(warm).toMatchObject({ upstream: 'u', model: 'm', answer: 'Hi' });
    expect(asked).toContain('POST /v1/chat/completions');
  });

  test.each([
    ['an error', 500, '{"error":"no"}'],
    ['no JSON', 200, '<html>'],
    ['JSON without an answer', 200, '{"choices":[]}'],
    ['more than a megabyte', 200, `{"choices":"${'x'.repeat(2_000_000)}"}`],
  ])('a server that answers with %s is no backup', async (_what, status, body) => {
    const definition = await upstream(answering(status, body));
    await expect(createModelService().warm(definition, target)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('a token file that is missing is said before anything is asked', async () => {
    const definition = { ...(await upstream(answering(200, '{}'))), tokenFile: '/nonexistent/token' };
    await expect(createModelService().warm(definition, target)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
