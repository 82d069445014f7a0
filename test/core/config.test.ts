import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { ElulmcError } from '../../src/core/errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function read(text: string): ReturnType<typeof readConfig> {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return readConfig(path);
}

describe('config.yaml', () => {
  test('without a file: two engines, one route with a backup', () => {
    const config = readConfig(join(folder, 'absent.yaml'));
    expect(config.engines.map((entry) => entry.name)).toEqual(['primary', 'backup']);
    expect(config.routes[0]).toMatchObject({ model: 'demo', backup: { upstream: 'backup', weight: 1 } });
    expect(config.gateway).toEqual({ name: 'local', host: '127.0.0.1', workers: 2, streamGraceMs: 0, internalPort: 0 });
  });

  test('a trailing slash of a URL goes; a prefix stays', () => {
    const config = read('upstreams: [{name: a, url: "http://localhost:8000/openai/", engine: vllm}]\nroutes: [{model: m, targets: [{upstream: a, model: x}]}]');
    expect(config.upstreams[0]?.url).toBe('http://localhost:8000/openai');
  });

  test.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Europe/Kyiv', 'America/Argentina/Buenos_Aires', 'US/Eastern'])('the time zone %s', (zone) => {
    expect(read(`schedules: [{name: a, runbook: daily, cron: "0 6 * * *", timezone: ${zone}}]`).schedules[0]?.timezone).toBe(zone);
  });

  test('a window is about routes and upstreams that are there, and about any other name', () => {
    const text = `upstreams: [{name: a, url: "http://x", engine: vllm}]\nroutes: [{model: m, targets: [{upstream: a, model: x}]}]\n`;
    const window = `windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h, systems: ["route:m", "upstream:a", "rack 7"]}]`;
    expect(read(text + window).windows[0]).toMatchObject({ timezone: 'UTC', duration: 3_600_000, systems: ['route:m', 'upstream:a', 'rack 7'] });
  });

  test.each([
    ['{', '', 'is not YAML'],
    ['42', '', 'expected object'],
    ['gateway: {workers: 0}', 'gateway.workers', ''],
    ['gateway: {streamGraceMs: 30001}', 'gateway.streamGraceMs', ''],
    ['unknown: 1', '', 'unknown'],
    ['upstreams: [{name: a, url: "ftp://x", engine: vllm}]', 'upstreams.0.url', ''],
    ['upstreams: [{name: a, url: "http://x", engine: gpt}]', 'upstreams.0.engine', ''],
    ['upstreams: [{name: "a b", url: "http://x", engine: vllm}]', 'upstreams.0.name', 'letters'],
    ['upstreams: [{name: a, url: "http://x", engine: vllm}, {name: a, url: "http://y", engine: vllm}]', 'upstreams.1.name', 'twice'],
    ['routes: [{model: m, targets: []}]', 'routes.0.targets', ''],
    ['routes: [{model: m, targets: [{upstream: nope, model: x}]}]', 'routes.0.targets.0.upstream', '"nope"'],
    ['upstreams: [{name: a, url: "http://x", engine: vllm}]\npassThrough: [{path: /v1/models, upstream: a}]', 'passThrough.0.path', 'itself'],
    ['windows: [{name: w, kind: freeze, cron: "0 0 * * *", duration: 1h}]', 'windows.0.kind', ''],
    ['windows: [{name: w, kind: blackout, cron: daily, duration: 1h}]', 'windows.0.cron', 'five fields'],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 90}]', 'windows.0.duration', ''],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 0h}]', 'windows.0.duration', '30m'],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h, timezone: Berlin}]', 'windows.0.timezone', 'IANA'],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h, timezone: "+01:00"}]', 'windows.0.timezone', 'IANA'],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h, systems: ["route:demoo"]}]', 'windows.0.systems.0', 'no route is named "demoo"'],
    ['windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h, systems: ["x", "upstream:gpu"]}]', 'windows.0.systems.1', '"gpu"'],
    [
      'windows: [{name: w, kind: blackout, cron: "0 0 * * *", duration: 1h}, {name: w, kind: maintenance, cron: "0 0 * * *", duration: 1h}]',
      'windows.1.name',
      'twice',
    ],
    [
      `windows: [${Array.from({ length: 501 }, (_, at) => `{name: w${String(at)}, kind: blackout, cron: "0 0 * * *", duration: 1h}`).join(',')}]`,
      'windows',
      '500',
    ],
    ['schedules: [{name: a, runbook: daily, cron: "0 6 * * *"}, {name: a, runbook: weekly, cron: "0 6 * * 1"}]', 'schedules.1.name', 'twice'],
    ['schedules: [{name: a, cron: "0 6 * * *"}]', 'schedules.0.runbook', ''],
    ['schedules: [{name: a, runbook: daily, cron: "0 6 * * *", set: {"A B": x}}]', 'schedules.0.set.A B', ''],
    ['approvals: {destroy: 10}', 'approvals.destroy', ''],
    ['approvals: {operations: {issue-key: 1}}', 'approvals.operations.issue-key', ''],
    ['approvals: {validFor: tomorrow}', 'approvals.validFor', '30m'],
    ['environment: "a b"', 'environment', 'letters'],
    ['signIn: {oidc: {issuer: "https://x", clientId: y}}', 'signIn.oidc.roles', ''],
    ['signIn: {oidc: {issuer: "https://x", clientId: y, roles: {staff: king}}}', 'signIn.oidc.roles.staff', ''],
    [
      'upstreams: [{name: a, url: "http://x", engine: vllm}]\nroutes: [{model: m, targets: [{upstream: a, model: x}], backup: {upstream: b, model: y}}]',
      'routes.0.backup.upstream',
      '"b"',
    ],
  ])('%s is refused and the field is named', (text, field, sentence) => {
    let thrown: unknown;
    try {
      read(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ElulmcError);
    expect((thrown as ElulmcError).code).toBe('CONFIG_INVALID');
    expect((thrown as ElulmcError).field ?? '').toBe(field);
    expect((thrown as ElulmcError).message).toContain(sentence);
  });
});
