import type { Command } from 'commander';
import { EXIT } from '../../core/exit-codes.ts';
import { examineInstallation } from '../../services/installation/examine.ts';
import type { Verdict } from '../../services/installation/examine.ts';
import type { Session } from '../context.ts';
import type { InstallationFacts } from './installation-facts.ts';

const SIGNS: Readonly<Record<Verdict, string>> = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' };

export function registerDoctor(command: Command, session: Session, facts: InstallationFacts): void {
  command
    .description(
      'Looks at everything that this installation needs, says what is wrong and how to mend it. Changes nothing; exit code 3 when there is a problem.',
    )
    .option('--json', 'what was looked at, as JSON')
    .addHelpText('after', '\nExamples:\n  elulmc doctor\n  elulmc doctor --json')
    .action(async (options: { readonly json?: true }) => {
      const { home, environment } = session.context;
      const { examineSchedules } = await import('../examine-schedules.ts');
      const examined = [...(await examineInstallation(home, facts.root, environment.databaseUrl)), ...(await examineSchedules(home))];
      const problems = examined.filter((one) => one.verdict === 'problem').length;
      if (options.json === true) session.output.object({ ok: problems === 0, examined });
      else for (const { what, verdict, found } of examined) session.output.data(`${SIGNS[verdict]}  ${what.padEnd(16)} ${found}`);
      session.exit = problems === 0 ? EXIT.ok : EXIT.finding;
    });
}
