import { sleep } from '../core/clock.ts';
import { readConfig } from '../core/config.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import type { Endpoints } from '../services/installation/endpoints.ts';
import type { DrillGround } from './operate.ts';
import { startScratchInstallation } from './scratch-installation.ts';
import type { DrillProgram } from './scratch-installation.ts';

/** Longest time between an entry's durability and a published checkpoint that covers it, with room for a slow disk. */
const CHECKPOINT_MS = 2_500;
const TOKENS_PER_SECOND = 20;
const SEQUENCES = 24;

/** Slow enough that streams live through the command, and more of them than the drill opens. */
const SCRATCH_CONFIG = {
  gateway: { name: 'drill', workers: 2 },
  engines: [
    { name: 'primary', model: 'models/clean.gguf', servedName: 'clean', tokensPerSecond: TOKENS_PER_SECOND, sequences: SEQUENCES },
    { name: 'backup', model: 'models/backup-clean.gguf', servedName: 'backup-clean', tokensPerSecond: TOKENS_PER_SECOND, sequences: SEQUENCES },
  ],
  routes: [{ model: 'demo', targets: [{ upstream: 'primary', model: 'clean' }], backup: { upstream: 'backup', model: 'backup-clean' } }],
};

/** A whole installation in a temporary home on free ports. `end` stops it and leaves nothing. */
export async function scratchGround(
  program: DrillProgram,
  onProgress: (text: string) => void,
): Promise<{ readonly ground: DrillGround; readonly end: () => Promise<void> }> {
  const { home, controlUrl, gatewayUrl, personToken, stop, end } = await startScratchInstallation(program, () => SCRATCH_CONFIG, onProgress);
  const ground: DrillGround = {
    ...{ controlUrl, gatewayUrl, personToken },
    model: 'demo',
    primaryModel: 'clean',
    command: program.command,
    env: { ...program.env, ELULMC_HOME: home.root },
    runbook: program.runbook,
    ledger: home.ledger,
    live: false,
    settle: stop,
  };
  return { ground, end };
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
