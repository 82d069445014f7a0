import { join } from 'node:path';
import type { Command } from 'commander';
import { childEnvironment } from '../../core/environment.ts';
import { ElulmcError } from '../../core/errors.ts';
import { EXIT } from '../../core/exit-codes.ts';
import type { DrillReport } from '../../drills/drill-report.ts';
import { liveGround, scratchGround } from '../../drills/grounds.ts';
import { drillModelCompromise } from '../../drills/model-compromise.ts';
import { startScratchInstallation } from '../../drills/scratch-installation.ts';
import type { DrillProgram } from '../../drills/scratch-installation.ts';
import { prepareTamperHome } from '../../drills/tamper-ground.ts';
import type { TamperReport } from '../../drills/tamper-report.ts';
import { drillTamper } from '../../drills/tamper.ts';
import { readEndpoints } from '../../services/installation/endpoints.ts';
import { controlAddress } from '../control-address.ts';
import type { Session } from '../context.ts';
import { drillText } from '../drill-text.ts';
import { tamperText } from '../tamper-text.ts';
import type { InstallationFacts } from './installation-facts.ts';

interface DrillOptions {
  readonly json?: true;
  readonly live?: true;
  readonly yes?: true;
}

function programOf(facts: InstallationFacts): DrillProgram {
  const { DATABASE_URL: _, ...env } = childEnvironment();
  return { entry: facts.entry, root: facts.root, command: facts.command, runbook: join(facts.root, 'runbooks', 'model-compromise.md'), env };
}

async function confirmLive(session: Session, yes: boolean): Promise<void> {
  if (yes) return;
  if (session.context.stdio.stdin.isTTY !== true)
    throw new ElulmcError('USAGE', '--live cuts real clients; without a terminal to ask at, it needs --yes', { field: 'live' });
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: 'This cuts every running answer of this installation and voids all sessions. Go on?', initialValue: false });
  if (isCancel(answer) || !answer) throw new ElulmcError('INTERRUPTED', 'the drill was not started');
}

async function rehearse(session: Session, facts: InstallationFacts, options: DrillOptions, onProgress: (text: string) => void): Promise<DrillReport> {
  const program = programOf(facts);
  const { home } = session.context;
  if (options.live === true) {
    const endpoints = readEndpoints(home);
    if (endpoints === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', `no installation runs in ${home.root}`);
    await confirmLive(session, options.yes === true);
    return drillModelCompromise(liveGround(program, home, endpoints, controlAddress(session.context).token), onProgress);
  }
  const { ground, end } = await scratchGround(program, onProgress);
  return await endedAfter(end, () => drillModelCompromise(ground, onProgress));
}

/** Leaves nothing behind, also after Ctrl-C. */
async function endedAfter<T>(end: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const onSignal = (): void => {
    void end().finally(() => process.kill(process.pid, 'SIGKILL'));
  };
  process.once('SIGINT', onSignal);
  try {
    return await work();
  } finally {
    process.off('SIGINT', onSignal);
    await end();
  }
}

async function rehearseTampering(facts: InstallationFacts, options: DrillOptions, onProgress: (text: string) => void): Promise<TamperReport> {
  if (options.live === true) throw new ElulmcError('USAGE', 'tamper damages a model: it runs in a scratch installation only', { field: 'live' });
  const ground = await startScratchInstallation(facts, (home) => prepareTamperHome(home, facts.root), onProgress);
  return await endedAfter(ground.end, () => drillTamper(ground, onProgress));
}

export function registerDrill(command: Command, session: Session, facts: InstallationFacts): void {
  command
    .argument('<name>', 'model-compromise or tamper')
    .description(
      'Rehearses a procedure in a scratch installation and measures it. model-compromise: isolate, revoke and activate the backup while clients stream, ' +
        'resume, then prove from the ledger that it holds exactly what the clients saw; --live does it in the running installation. ' +
        'tamper: sign, register, scan and serve a model, flip one byte of it, let the scheduled check find it, see that no stage takes it, and restore it.',
    )
    .option('--live', 'model-compromise: use the running installation of this home')
    .option('--yes', 'do not ask before --live')
    .option('--json', 'the report as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  elulmc drill model-compromise\n  elulmc drill model-compromise --live\n  elulmc drill tamper\n  elulmc drill tamper --json',
    )
    .action(async (name: string, options: DrillOptions) => {
      const onProgress = (text: string): void => {
        session.output.words(text);
      };
      if (name === 'model-compromise') {
        const report = await rehearse(session, facts, options, onProgress);
        answer(session, options, report, drillText(report));
      } else if (name === 'tamper') {
        const report = await rehearseTampering(facts, options, onProgress);
        answer(session, options, report, tamperText(report));
      } else throw new ElulmcError('USAGE', `there is no drill "${name}"; there are: model-compromise, tamper`, { field: 'name' });
    });
}

function answer(session: Session, options: DrillOptions, report: DrillReport | TamperReport, text: string): void {
  if (options.json === true) session.output.object(report);
  else session.output.data(text);
  session.exit = report.ok ? EXIT.ok : EXIT.failed;
}
