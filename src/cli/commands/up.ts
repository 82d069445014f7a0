import type { Command } from 'commander';
import { readConfig } from '../../core/config.ts';
import { EXIT } from '../../core/exit-codes.ts';
import { startInstallation } from '../../services/installation/start-installation.ts';
import type { Installation } from '../../services/installation/start-installation.ts';
import type { Session } from '../context.ts';
import type { InstallationFacts } from './installation-facts.ts';

interface UpOptions {
  readonly json?: true;
}

/** What is printed when everything is ready. Secrets are shown at the start that made them and never again. */
function readyText(installation: Installation, model: string | undefined): string {
  const { endpoints, demoKey, adminLink, standbyFor } = installation;
  if (standbyFor !== undefined) return standbyText(endpoints.gatewayUrl, endpoints.controlUrl, standbyFor);
  const key = demoKey ?? '$ELULMC_KEY';
  const body = JSON.stringify({ model: model ?? 'MODEL', messages: [{ role: 'user', content: 'Call me' }], max_tokens: 60 });
  return [
    '',
    'ELULMC is ready.',
    '',
    `  gateway        ${endpoints.gatewayUrl}`,
    `  API key        ${demoKey ?? 'shown at the first start only; a new one: elulmc governance issue-key --name NAME'}`,
    `  administrator  ${adminLink ?? 'signed in already; more people: elulmc governance invite --role ROLE'}`,
    '',
    'Three commands to try, in another terminal:',
    '',
    `  curl -s ${endpoints.gatewayUrl}/chat/completions -H "authorization: Bearer ${key}" -H 'content-type: application/json' -d '${body}'`,
    `  ./bin/elulmc sign-in ${adminLink ?? 'LINK'}`,
    '  ./bin/elulmc drill model-compromise',
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}

/** On a second host: its gateway serves, and everything else is asked of the leader. */
function standbyText(gatewayUrl: string, controlUrl: string, leader: string): string {
  return [
    '',
    'ELULMC is ready. This control plane stands by: another one leads.',
    '',
    `  gateway        ${gatewayUrl}`,
    `  leader         ${leader}`,
    `  standing by    ${controlUrl}/health`,
    '',
    `It takes over when the leader is gone. Until then ask the leader: ELULMC_URL=${leader} elulmc ...`,
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}

function readyObject(installation: Installation): unknown {
  const { endpoints, demoKey, adminLink, standbyFor, pids } = installation;
  return {
    ready: true,
    gatewayUrl: endpoints.gatewayUrl,
    controlUrl: endpoints.controlUrl,
    apiKey: demoKey ?? null,
    adminLink: adminLink ?? null,
    standbyFor: standbyFor ?? null,
    pids: { supervisor: process.pid, ...pids },
  };
}

/** The first signal asks; npm sends a second one for the same Ctrl-C, and a stop in order must not be broken off by it. */
function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve();
      });
    }
  });
}

export function registerUp(command: Command, session: Session, facts: InstallationFacts): void {
  command
    .description(
      'Starts everything of this home and keeps it running until Ctrl-C. Without config.yaml: two small embedded models, the second as the backup of the first.',
    )
    .option('--json', 'one line of JSON when ready')
    .addHelpText(
      'after',
      '\nExamples:\n  elulmc up\n  ELULMC_HOME=/srv/elulmc DATABASE_URL=postgres://... elulmc up --json\n\nEnvironment: ELULMC_HOME, DATABASE_URL, ELULMC_GATEWAY_PORT (4180), ELULMC_CONTROL_PORT (4181); 0 is any free port.',
    )
    .action(async (options: UpOptions) => {
      const { environment, home, stdio } = session.context;
      const config = readConfig(home.config);
      const asked = untilAsked();
      const installation = await startInstallation({
        home,
        config,
        entry: facts.entry,
        root: facts.root,
        databaseUrl: environment.databaseUrl,
        gatewayPort: environment.gatewayPort,
        controlPort: environment.controlPort,
        onProgress: (text) => {
          session.output.words(text);
        },
      });
      if (options.json === true) stdio.stdout.write(`${JSON.stringify(readyObject(installation))}\n`);
      else session.output.data(readyText(installation, config.routes[0]?.model));
      await asked;
      session.output.words('stopping');
      await installation.stop();
      session.exit = EXIT.ok;
    });
}
