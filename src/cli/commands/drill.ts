import { join } from 'node:path';
import type { Command } from 'commander';
import { childEnvironment } from '../../core/environment.ts';
import { ElulmcError } from '../../core/errors.ts';
import { EXIT } from '../../core/exit-codes.ts';
import type { DrillReport } from '../../drills/drill-report.ts';
import { liveGround, scratchGround } from '../../drills/grounds.ts';
import type { DrillProgram } from '../../drills/grounds.ts';
import { drillModelCompromise } from '../../drills/model-compromise.ts';
import { readEndpoints } from '../../services/installation/endpoints.ts';
import { controlAddress } from '../control-address.ts';
import type { Session } from '../context.ts';
import { drillText } from '../drill-text.ts';
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
  const onSignal = (): void => {
    void end().finally(() => process.kill(process.pid, 'SIGKILL'));
  };
  process.once('SIGINT', onSignal);
  try {
    return await drillModelCompromise(ground, onProgress);
  } finally {
    process.off('SIGINT', onSignal);
    await end();
  }
}

export function registerDrill(command: Command, session: Session, facts: InstallationFacts): void {
  command
    .argument('<name>', 'model-compromise')
    .description(
      'Rehearses a procedure under traffic and measures it. model-compromise: isolate, revoke and activate the backup while clients stream, ' +
        'resume, then prove from the ledger that it holds exactly what the clients saw. Runs in a scratch installation unless --live.',
    )
    .option('--live', 'use the running installation of this home')
    .option('--yes', 'do not ask before --live')
    .option('--json', 'the report as JSON')
    .addHelpText('after', '\nExamples:\n  elulmc drill model-compromise\n  elulmc drill model-compromise --json\n  elulmc drill model-compromise --live')
    .action(async (name: string, options: DrillOptions) => {
      if (name !== 'model-compromise') throw new ElulmcError('USAGE', `there is no drill "${name}"; there is: model-compromise`, { field: 'name' });
      const report = await rehearse(session, facts, options, (text) => {
        session.output.words(text);
      });
      if (options.json === true) session.output.object(report);
      else session.output.data(drillText(report));
      session.exit = report.ok ? EXIT.ok : EXIT.failed;
    });
}
