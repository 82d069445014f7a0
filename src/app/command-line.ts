import { fileURLToPath } from 'node:url';
import type { CliContext } from '../cli/context.ts';
import { runCli } from '../cli/main.ts';
import { readEnvironment, runbookParameter } from '../core/environment.ts';
import { ElulmcError } from '../core/errors.ts';
import { homeAt } from '../core/home.ts';
import { packageRoot, packageVersion } from './package-facts.ts';

const BIN = fileURLToPath(new URL('bin/elulmc', packageRoot));

/** The command line with the real surroundings. Returns the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const environment = readEnvironment();
  const home = homeAt(environment.home);
  const uid = process.getuid?.() ?? 0;
  const entry = fileURLToPath(new URL('bin/entry.js', packageRoot));
  const installation = { entry, root: fileURLToPath(packageRoot), command: [process.execPath, entry] };
  const context: CliContext = {
    environment,
    home,
    version: packageVersion(),
    uid,
    stdio: { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
    launcher: [BIN],
    runbookParameter,
    commands: [
      {
        name: 'up',
        summary: 'Start database, model servers, control plane and gateway, and keep them running.',
        register: async (command, session) => {
          (await import('../cli/commands/up.ts')).registerUp(command, session, installation);
        },
      },
      {
        name: 'drill',
        summary: 'Rehearse a whole procedure and measure it.',
        register: async (command, session) => {
          (await import('../cli/commands/drill.ts')).registerDrill(command, session, installation);
        },
      },
      {
        name: 'doctor',
        summary: 'Say what is wrong with this installation and how to mend it.',
        register: async (command, session) => {
          (await import('../cli/commands/doctor.ts')).registerDoctor(command, session, installation);
        },
      },
    ],
    runLocally: async ({ room, name, ...call }) => {
      const [{ byName }, { runLocally }] = await Promise.all([import('../operations/catalogue.ts'), import('../operations/run-locally.ts')]);
      const entry = byName(room, name);
      if (entry === undefined) throw new ElulmcError('OPERATION_UNKNOWN', `there is no operation "${room} ${name}"`);
      return runLocally(entry, { ...call, home, uid });
    },
  };
  return runCli(argv, context);
}
