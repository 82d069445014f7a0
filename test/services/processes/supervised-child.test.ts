import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import { supervise } from '../../../src/services/processes/supervised-child.ts';
import type { ChildSpecification, SupervisedChild } from '../../../src/services/processes/supervised-child.ts';

const role = new URL('../../../src/services/processes/child-role.ts', import.meta.url).href;

let folder: string;
let running: SupervisedChild[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-child-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((child) => child.stop(1_000)));
  rmSync(folder, { recursive: true, force: true });
});

function specification(body: string, overrides: Partial<ChildSpecification> = {}): ChildSpecification {
  const entry = join(folder, 'child.mjs');
  writeFileSync(entry, `import { runRole } from ${JSON.stringify(role)};\nimport { appendFileSync } from 'node:fs';\n${body}`);
  return {
    name: 'child',
    entry,
    argv: [],
    env: { PATH: process.env['PATH'] ?? '' },
    logFile: join(folder, 'log', 'child.log'),
    start: () => ({ folder }),
    readyTimeoutMs: 20_000,
    ...overrides,
  };
}

const WELL_BEHAVED = `runRole(async (options, channel) => {
  appendFileSync(options.folder + '/started', 'x');
  channel.onMessage((message) => { if (message.type === 'die') process.exit(9); });
  channel.ready({ pid: process.pid });
  return { close: async () => { appendFileSync(options.folder + '/closed', 'x'); } };
}, (code) => process.exit(code));`;

async function start(
  body: string,
  overrides: Partial<ChildSpecification> = {},
  onReady: () => void = () => undefined,
  onRestart: (reason: string) => void = () => undefined,
): Promise<SupervisedChild> {
  const child = await supervise(specification(body, overrides), {
    onReady,
    onRestart: (_name, reason) => {
      onRestart(reason);
    },
  });
  running.push(child);
  return child;
}

describe('supervised children', () => {
  test('get their options by message, say that they are ready, and close in order', async () => {
    const child = await start(WELL_BEHAVED);
    expect(child.ready()['pid']).toBe(child.pid());
    await child.stop(5_000);
    expect(readFileSync(join(folder, 'closed'), 'utf8')).toBe('x');
  });

  test('are started again when they end', async () => {
    let reason = '';
    const again = new Promise<void>((resolve) => {
      void start(WELL_BEHAVED, {}, resolve, (why) => (reason = why)).then((child) => {
        child.send({ type: 'die' });
      });
    });
    await again;
    expect(reason).toBe('code 9');
    expect(readFileSync(join(folder, 'started'), 'utf8')).toBe('xx');
  });

  test('that end at the start are an error with their own words', async () => {
    const failing = start(`console.error('the disk is on fire'); process.exit(3);`);
    await expect(failing).rejects.toMatchObject({ code: 'START_FAILED', message: expect.stringContaining('the disk is on fire') as string });
  });

  test('that name an error keep its code', async () => {
    const failing = start(`const { ElulmcError } = await import(${JSON.stringify(new URL('../../../src/core/errors.ts', import.meta.url).href)});
      runRole(async () => { throw new ElulmcError('PORT_IN_USE', 'port 1 is taken'); }, (code) => process.exit(code));`);
    const thrown: unknown = await failing.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ElulmcError);
    expect(thrown).toMatchObject({ code: 'PORT_IN_USE', message: 'port 1 is taken' });
  });

  test('that stay silent are given up', async () => {
    await expect(start('setInterval(() => {}, 1000);', { readyTimeoutMs: 500 })).rejects.toThrow(/not ready after 0.5 s/);
  });

  test('that will not stop are killed', async () => {
    const child = await start(`process.on('SIGTERM', () => {});
      runRole(async (options, channel) => { channel.ready({}); return { close: () => new Promise(() => setInterval(() => {}, 1000)) }; }, (code) => process.exit(code));`);
    await child.stop(200);
    expect(() => process.kill(child.pid() ?? 0, 0)).toThrow();
  });
});
