import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGatewayService } from '../../../src/services/gateways/gateway-service.ts';
import type { GatewayLink } from '../../../src/services/gateways/internal-client.ts';
import { gatewayLogSource } from '../../../src/services/gateways/log-source.ts';

const servers: Server[] = [];

async function gateway(name: string, answer: (path: string) => { readonly status: number; readonly body: string }): Promise<GatewayLink> {
  const server = createServer((request, response) => {
    const { status, body } = request.headers.authorization === 'Bearer secret' ? answer(request.url ?? '') : { status: 401, body: '' };
    response.writeHead(status).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { name, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, token: 'secret' };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function status(version: number): { readonly status: number; readonly body: string } {
  return { status: 200, body: JSON.stringify({ workers: [{ slot: 0, log: 'gw-a-0', postureVersion: version }] }) };
}

describe('the view of the gateways', () => {
  test('waits until every reachable worker has applied a version', async () => {
    let asked = 0;
    const link = await gateway('a', () => status(++asked >= 4 ? 7 : 6));
    const waited = await createGatewayService(() => [link]).waitForVersion(7, 20_000);
    expect(waited).toMatchObject({ applied: true, gateways: [{ name: 'a', reachable: true }] });
    expect(asked).toBeGreaterThanOrEqual(4);
  });

  test('does not wait for ever, and not for a gateway that is gone', async () => {
    const behind = await gateway('a', () => status(1));
    expect(await createGatewayService(() => [behind]).waitForVersion(7, 50)).toMatchObject({ applied: false });
    const gone = { name: 'b', url: 'http://127.0.0.1:1', token: 'secret' };
    expect(await createGatewayService(() => [behind, gone]).status()).toMatchObject([{ reachable: true }, { name: 'b', reachable: false, workers: [] }]);
    expect(await createGatewayService(() => []).waitForVersion(7, 20_000)).toMatchObject({ applied: false, gateways: [] });
  });

  test.each(['nonsense', '{}', '{"workers":1}'])('an answer that makes no sense (%s) is no answer', async (body) => {
    const link = await gateway('a', () => ({ status: 200, body }));
    expect(await createGatewayService(() => [link]).status()).toMatchObject([{ reachable: false }]);
  });

  test('files of a log: there, missing, refused', async () => {
    const link = await gateway('a', (path) =>
      path === '/log/l/vkey' ? { status: 200, body: 'key' } : path === '/log/l/tile/0/000' ? { status: 404, body: '' } : { status: 500, body: '' },
    );
    const source = gatewayLogSource(link, 'l');
    expect((await source.read('vkey'))?.toString()).toBe('key');
    expect(await source.read('tile/0/000')).toBeUndefined();
    await expect(source.read('checkpoint')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});
