import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../core/config.ts';
import { ElulmcError } from '../core/errors.ts';
import { homeAt, prepareHome } from '../core/home.ts';
import type { Home } from '../core/home.ts';
import { asRecord } from '../core/json.ts';
import { startInstallation } from '../services/installation/start-installation.ts';
import { exchange } from './http-client.ts';

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

/** An installation that a drill has for itself. */
export interface ScratchInstallation {
  readonly home: Home;
  readonly controlUrl: string;
  readonly gatewayUrl: string;
  /** Of an administrator. */
  readonly personToken: string;
  /** Stops it; its files stay. */
  readonly stop: () => Promise<void>;
  /** Stops it and leaves nothing. */
  readonly end: () => Promise<void>;
}

async function signIn(link: string): Promise<string> {
  const url = new URL(link);
  const secret = url.pathname.split('/').at(-1);
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const answer = await exchange({ url: new URL('/v1/sign-in', url).href, method: 'POST', token: 'none', body: { secret, name: 'drill', publicKey } });
  const token = asRecord(JSON.parse(answer.body))?.['token'];
  if (typeof token !== 'string') throw new ElulmcError('OPERATION_FAILED', `the drill could not sign in: ${answer.body.slice(0, 300)}`);
  return token;
}

/** A whole installation in a temporary home on free ports. `prepare` puts files into the home and gives its configuration. */
export async function startScratchInstallation(
  { entry, root: programRoot }: Pick<DrillProgram, 'entry' | 'root'>,
  prepare: (home: Home) => unknown,
  onProgress: (text: string) => void,
): Promise<ScratchInstallation> {
  const root = mkdtempSync(join(tmpdir(), 'elulmc-drill-'));
  const home = homeAt(root);
  let stop = (): Promise<void> => Promise.resolve();
  const end = async (): Promise<void> => {
    await stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    prepareHome(home);
    writeFileSync(home.config, JSON.stringify(prepare(home)));
    const started = { home, config: readConfig(home.config), entry, root: programRoot, databaseUrl: undefined, gatewayPort: 0, controlPort: 0, onProgress };
    const installation = await startInstallation(started);
    let stopped: Promise<void> | undefined;
    stop = () => (stopped ??= installation.stop());
    if (installation.adminLink === undefined) throw new ElulmcError('START_FAILED', 'the scratch installation gave no administrator link');
    const { controlUrl, gatewayUrl } = installation.endpoints;
    return { home, controlUrl, gatewayUrl, personToken: await signIn(installation.adminLink), stop: () => stop(), end };
  } catch (error) {
    await end();
    throw error;
  }
}
