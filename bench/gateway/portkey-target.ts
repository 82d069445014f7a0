import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freePort, runToEnd, startChild, stopTree, untilWorks } from './child.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { checkAnswers } from './requests.ts';
import { ANY_KEY } from './target.ts';
import type { Target } from './target.ts';

const VERSION = '1.15.2';
/** Exact, also for its own dependencies: with the versions that its ranges resolve to today, every streamed request answers 500. */
const PINS = { '@portkey-ai/gateway': VERSION, '@hono/node-server': '1.13.8', hono: '4.9.7' };

/** The cache of this user; without one (no home, or a read-only one) the scratch folder of this run, which nobody else can have filled. */
function cacheFolder(scratch: string): string {
  const folder = join(homedir(), '.cache', 'elulmc-bench');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return scratch;
  }
}

/** Installs Portkey for the benchmark alone and gives the path of its start script; a finished installation is used again. */
async function install(scratch: string): Promise<string> {
  const cache = cacheFolder(scratch);
  const folder = join(cache, `portkey-${VERSION}`);
  const script = join('node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (existsSync(join(folder, script))) return join(folder, script);
  const making = mkdtempSync(join(cache, 'portkey-'));
  try {
    writeFileSync(
      join(making, 'package.json'),
      JSON.stringify({ private: true, dependencies: PINS, overrides: { '@hono/node-server': PINS['@hono/node-server'], hono: PINS.hono } }),
    );
    await runToEnd('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', join(cache, 'npm')], 120_000, { cwd: making });
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return join(folder, script);
}

/** The Portkey gateway on the same Node. It checks no client key and keeps no ledger: its figures are those of a bare proxy. `stack` stops it. */
export async function startPortkey(mock: MockUpstream, scratch: string, stack: AsyncDisposableStack): Promise<Target> {
  const script = await install(scratch);
  const port = await freePort();
  const child = startChild(process.execPath, [script, `--port=${String(port)}`, '--headless'], {
    env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
  });
  stack.defer(() => stopTree(child, 'SIGTERM', 2000));
  const target: Target = {
    name: 'Portkey',
    url: `http://127.0.0.1:${String(port)}/v1`,
    apiKey: ANY_KEY,
    pids: [child.pid],
    workers: [],
    otherPids: [],
    version: `@portkey-ai/gateway ${VERSION}, @hono/node-server ${PINS['@hono/node-server']}, hono ${PINS.hono}`,
  };
  await untilWorks(child, () => checkAnswers(target, mock.origin), 20_000);
  return target;
}
