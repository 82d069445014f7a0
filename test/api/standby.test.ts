import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startStandby } from '../../src/api/standby.ts';
import type { Standby } from '../../src/api/standby.ts';

let leader: string | null;
let standby: Standby;

beforeEach(async () => {
  leader = 'http://10.0.0.1:4181';
  standby = await startStandby({ host: '127.0.0.1', port: 0, version: '1.2.3', installationId: 'ins_x', leader: () => leader });
});

afterEach(async () => {
  await standby.close();
});

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Record<string, unknown>;
}

function send(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: standby.port, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString()));
      answer.once('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) as Record<string, unknown> });
      });
    });
    call.once('error', reject);
    call.end(body);
  });
}

describe('a control plane that stands by', () => {
  test('lives, and says who leads', async () => {
    expect(await send('GET', '/health')).toMatchObject({
      status: 200,
      body: { ok: true, role: 'standby', leader: 'http://10.0.0.1:4181', installationId: 'ins_x', version: '1.2.3' },
    });
    leader = null;
    expect((await send('GET', '/health')).body).toMatchObject({ ok: true, leader: null });
  });

  test.each([
    ['GET', '/'],
    ['POST', '/health'],
    ['GET', '/v1/me'],
    ['POST', '/v1/operations/security/emergency-isolation'],
    ['GET', '/health?verbose'],
    ['DELETE', '/../../etc/passwd'],
  ])('%s %s is sent to the leader', async (method, path) => {
    const answered = await send(method, path, { authorization: 'Bearer secret-token' }, '{"reason":"secret"}');
    expect(answered).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/problem+json', 'retry-after': '1', 'cache-control': 'no-store' },
      body: { code: 'CONTROL_STANDBY', exit: 6, detail: 'the leader is http://10.0.0.1:4181' },
    });
    expect(JSON.stringify(answered)).not.toContain('secret');
  });

  test('while nobody leads it says so', async () => {
    leader = null;
    expect(await send('GET', '/v1/me')).toMatchObject({
      status: 503,
      body: { code: 'CONTROL_STANDBY', detail: expect.stringContaining('no control plane leads') as string },
    });
  });

  test('a request for another name is refused: a rebound name learns nothing', async () => {
    const answered = await send('GET', '/health', { host: 'evil.example' });
    expect(answered.body).toMatchObject({ code: 'HOST_NOT_ALLOWED' });
    expect(JSON.stringify(answered)).not.toContain('10.0.0.1');
  });

  test('a taken port is named', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as AddressInfo;
    const starting = startStandby({ host: '127.0.0.1', port, version: '', installationId: '', leader: () => null });
    await expect(starting).rejects.toMatchObject({ code: 'PORT_IN_USE', field: 'ELULMC_CONTROL_PORT' });
    other.close();
  });

  test('it frees the port at once, whoever is still connected', async () => {
    const idle = connect(standby.port, '127.0.0.1');
    await new Promise((connected) => idle.once('connect', connected));
    const ended = new Promise((closed) => idle.once('close', closed));
    await standby.close();
    await ended;
    standby = await startStandby({ host: '127.0.0.1', port: standby.port, version: '', installationId: '', leader: () => null });
  });
});
