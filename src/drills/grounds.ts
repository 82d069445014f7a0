import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { readConfig } from '../core/config.ts';
import { ElulmcError } from '../core/errors.ts';
import { homeAt, prepareHome } from '../core/home.ts';
import type { Home } from '../core/home.ts';
import { asRecord } from '../core/json.ts';
import type { Endpoints } from '../services/installation/endpoints.ts';
import { startInstallation } from '../services/installation/start-installation.ts';
import { exchange } from './http-client.ts';
import type { DrillGround } from './operate.ts';

/** Longest time between an entry's durability and a published checkpoint that covers it, with room for a slow disk. */
const CHECKPOINT_MS = 2_500;
const TOKENS_PER_SECOND = 20;
const SEQUENCES = 24;

/** What a drill needs of the program that runs it. */
export interface DrillProgram {
  readonly entry: string;
  readonly root: string;
  readonly command: readonly string[];
  /** Runbook of the rehearsed section. */
  readonly runbook: string;
  /** Environment of the command's process, without ELULMC_HOME. */
  readonly env: Readonly<Record<string, string>>;
}

/** Slow enough that streams live through the command, and more of them than the drill opens. */
const SCRATCH_CONFIG = {
  gateway: { name: 'drill', workers: 2 },
  engines: [
    { name: 'primary', model: 'models/clean.gguf', servedName: 'clean', tokensPerSecond: TOKENS_PER_SECOND, sequences: SEQUENCES },
    { name: 'backup', model: 'models/backup-clean.gguf', servedName: 'backup-clean', tokensPerSecond: TOKENS_PER_SECOND, sequences: SEQUENCES },
  ],
  routes: [{ model: 'demo', targets: [{ upstream: 'primary', model: 'clean' }], backup: { upstream: 'backup', model: 'backup-clean' } }],
};

async function signIn(link: string): Promise<string> {
  const url = new URL(link);
  const secret = url.pathname.split('/').at(-1);
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const answer = await exchange({ url: new URL('/v1/sign-in', url).href, method: 'POST', token: 'none', body: { secret, name: 'drill', publicKey } });
  const token = asRecord(JSON.parse(answer.body))?.['token'];
  if (typeof token !== 'string') throw new ElulmcError('OPERATION_FAILED', `the drill could not sign in: ${answer.body.slice(0, 300)}`);
  return token;
}

/** A whole installation in a temporary home on free ports. `end` stops it and leaves nothing. */
export async function scratchGround(
  program: DrillProgram,
  onProgress: (text: string) => void,
): Promise<{ readonly ground: DrillGround; readonly end: () => Promise<void> }> {
  const root = mkdtempSync(join(tmpdir(), 'elulmc-drill-'));
  const home = homeAt(root);
  let stop = (): Promise<void> => Promise.resolve();
  const end = async (): Promise<void> => {
    await stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    prepareHome(home);
    writeFileSync(home.config, JSON.stringify(SCRATCH_CONFIG));
    const config = readConfig(home.config);
    const installation = await startInstallation({
      home,
      config,
      entry: program.entry,
      root: program.root,
      databaseUrl: undefined,
      gatewayPort: 0,
      controlPort: 0,
      onProgress,
    });
    let stopped: Promise<void> | undefined;
    stop = () => (stopped ??= installation.stop());
    if (installation.adminLink === undefined) throw new ElulmcError('START_FAILED', 'the scratch installation gave no administrator link');
    const ground: DrillGround = {
      controlUrl: installation.endpoints.controlUrl,
      gatewayUrl: installation.endpoints.gatewayUrl,
      personToken: await signIn(installation.adminLink),
      model: 'demo',
      primaryModel: 'clean',
      command: program.command,
      env: { ...program.env, ELULMC_HOME: root },
      runbook: program.runbook,
      ledger: home.ledger,
      live: false,
      settle: () => stop(),
    };
    return { ground, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The running installation of a home. Its route must serve its primary side and have a backup. */
export function liveGround(program: DrillProgram, home: Home, endpoints: Endpoints, personToken: string): DrillGround {
  const route = readConfig(home.config).routes.find((candidate) => candidate.backup !== null);
  if (route === undefined) throw new ElulmcError('CONFIG_INVALID', 'no route has a backup, so there is nothing to rehearse', { field: 'routes' });
  return {
    controlUrl: endpoints.controlUrl,
    gatewayUrl: endpoints.gatewayUrl,
    personToken,
    model: route.model,
    primaryModel: route.targets[0]?.model ?? '',
    command: program.command,
    env: { ...program.env, ELULMC_HOME: home.root },
    runbook: program.runbook,
    ledger: home.ledger,
    live: true,
    settle: () => sleep(CHECKPOINT_MS),
  };
}
