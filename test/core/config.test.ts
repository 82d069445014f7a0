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
