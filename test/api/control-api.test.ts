import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { LOCAL_TOKEN, startApi } from './control-api-fixture.ts';
import type { RunningApi } from './control-api-fixture.ts';

describe('facts', () => {
  let running: RunningApi;
  beforeAll(async () => {
    running = await startApi();
  });
  afterAll(async () => {
    await running.stop();
  });

  test('who I am', async () => {
    expect((await running.send('GET', '/v1/me', { token: LOCAL_TOKEN })).json).toEqual({
      kind: 'local',
      id: 'local:1000',
      name: null,
      role: null,
      unreviewedBreakGlass: null,
    });
    const token = await running.personToken('security');
    expect((await running.send('GET', '/v1/me', { token })).json).toMatchObject({ kind: 'person', name: 'A security', role: 'security' });
  });

  test('the catalogue', async () => {
    const { json } = await running.send('GET', '/v1/operations', { token: LOCAL_TOKEN });
    expect(json['operations']).toHaveLength(catalogue.length);
    expect(json['operations']).toContainEqual({
      room: 'deployment',
      name: 'activate-backup',
      runbookLine: 'deployment/activate_backup.sh',
      summary: expect.any(String) as string,
      risk: 'change',
      local: null,
    });
  });

  test('health needs no token', async () => {
    expect(await running.send('GET', '/health')).toMatchObject({ status: 200, json: { ok: true, installationId: 'ins_test' } });
  });

  test('every answer has a request id of its own', async () => {
    const headers = { 'x-request-id': 'mine' };
    const ids = [await running.send('GET', '/health', { headers }), await running.send('GET', '/health', { headers })].map(
      (answer) => answer.headers['x-request-id'],
    );
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^req_/);
  });
});

test('health that is not well is 503', async () => {
  const running = await startApi({ health: () => Promise.resolve({ ok: false, installationId: 'ins_x', version: '0', parts: { database: 'gone' } }) });
  try {
    expect(await running.send('GET', '/health')).toMatchObject({ status: 503, json: { parts: { database: 'gone' } } });
  } finally {
    await running.stop();
  }
});

test('a port that is taken', async () => {
  const running = await startApi();
  try {
    await expect(startApi({ port: running.api.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  } finally {
    await running.stop();
  }
});

test('routes of other rooms come under the same rules', async () => {
  const running = await startApi({
    extend: [
      (app, authenticate) => {
        app.get('/v1/extra', async (request) => ({ who: (await authenticate(request)).id }));
        app.get('/v1/broken', () => Promise.reject(new TypeError('the password is hunter2')));
      },
    ],
  });
  try {
    expect((await running.send('GET', '/v1/extra')).status).toBe(401);
    expect((await running.send('GET', '/v1/extra', { token: LOCAL_TOKEN })).json).toEqual({ who: 'local:1000' });
    const broken = await running.send('GET', '/v1/broken');
    expect(broken).toMatchObject({ status: 500, json: { code: 'INTERNAL' } });
    expect(broken.text).not.toContain('hunter2');
    // The operator finds it in the log by the id.
    expect(running.lines.at(-1)).toMatchObject({ status: 500, errorId: broken.json['id'], error: expect.stringContaining('TypeError') as string });
  } finally {
    await running.stop();
  }
});

describe('operations', () => {
  let running: RunningApi;
  beforeEach(async () => {
    running = await startApi();
  });
  afterEach(async () => {
    await running.stop();
  });
  const ISOLATE = '/v1/operations/security/emergency-isolation';

  test('a call gives the report', async () => {
    const answer = await running.send('POST', ISOLATE, { token: LOCAL_TOKEN, body: { upstream: 'primary', reason: 'INC-7' } });
    expect(answer).toMatchObject({
      status: 200,
      json: { operation: 'security emergency-isolation', exit: 0, output: { isolated: [{ scope: 'upstream', target: 'primary' }] } },
    });
    expect(answer.headers['x-run-id']).toBe(answer.json['runId']);
    expect(running.log.entries.map((entry) => [entry.kind, entry.actor])).toEqual([
      ['operation.intent', 'local:1000'],
      ['operation.done', 'local:1000'],
    ]);
  });

  test('a call without a body has no options', async () => {
    expect((await running.send('POST', ISOLATE, { token: LOCAL_TOKEN })).json).toMatchObject({ exit: 0 });
  });

  test('a dry run changes nothing', async () => {
    const answer = await running.send('POST', `${ISOLATE}?dry-run=true`, { token: LOCAL_TOKEN, body: { all: true } });
    expect(answer.json).toMatchObject({ dryRun: true, output: null, plan: { changes: [expect.stringContaining('everything')] } });
    expect((await running.services.posture.read()).isolations).toEqual([]);
  });

  test('the same run id is one call', async () => {
    const token = await running.personToken('admin');
    const send = () => running.send('POST', '/v1/operations/governance/revoke-all-sessions', { token, body: {}, headers: { 'x-run-id': runId } });
    const runId = newId('run');
    const [first, second] = [await send(), await send()];
    expect(second.json).toEqual(first.json);
    expect((await running.services.posture.read()).sessionGeneration).toBe(2);
  });

  test.each<[string, 'viewer' | 'operator' | null, string, number, string, number]>([
    ['a local user', null, '/v1/operations/deployment/activate-backup', 401, 'NOT_SIGNED_IN', 5],
    ['a viewer', 'viewer', '/v1/operations/deployment/activate-backup', 403, 'NOT_ALLOWED', 5],
    ['an operator', 'operator', '/v1/operations/deployment/resume-operations', 403, 'NOT_ALLOWED', 5],
  ])('%s is refused with the exit code', async (_who, role, path, status, code, exit) => {
    const token = role === null ? LOCAL_TOKEN : await running.personToken(role);
    expect(await running.send('POST', path, { token, body: {} })).toMatchObject({ status, json: { code, exit } });
  });

  test('a database that is gone is 503 with retry-after', async () => {
    running.services.posture.failure = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    const answer = await running.send('POST', ISOLATE, { token: LOCAL_TOKEN, body: {} });
    expect(answer).toMatchObject({ status: 503, json: { code: 'DATABASE_UNAVAILABLE', exit: 6 } });
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('a revoked person is nobody at once', async () => {
    const token = await running.personToken('admin');
    await running.services.people.signOutAll(null);
    expect((await running.send('GET', '/v1/me', { token })).status).toBe(401);
  });

  test('neither tokens nor inputs reach the request log', async () => {
    const token = await running.personToken('admin');
    const answer = await running.send('POST', '/v1/operations/governance/issue-key', { token, body: { name: 'Alice' } });
    await running.send('POST', '/v1/operations/governance/none?secret=hunter2', { token, body: { password: 'hunter2' } });
    const { secret } = await running.services.people.invite('viewer');
    await running.send('GET', `/sign-in/${secret}`);
    await running.send('GET', `/sign-in/${secret}/${secret}`);
    await expect.poll(() => running.lines.length).toBe(4);
    const written = JSON.stringify(running.lines);
    for (const hidden of [token, 'hunter2', 'Alice', secret, (answer.json['output'] as { key: string }).key]) expect(written).not.toContain(hidden);
    expect(running.lines[0]).toMatchObject({
      method: 'POST',
      route: '/v1/operations/:room/:name',
      status: 200,
      actor: expect.stringMatching(/^per_/) as string,
    });
  });
});
