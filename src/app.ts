import type { RoleName } from './services/installation/roles.ts';

/** Roles that `elulmc up` and a gateway's primary start as processes of their own; never typed by people. */
type ChildRole = RoleName | 'gateway-worker';

const ROLES: Readonly<Record<ChildRole, () => Promise<() => void>>> = {
  control: async () => (await import('./app/control-role.ts')).runControlRole,
  gateway: async () => (await import('./app/gateway-role.ts')).runGatewayRole,
  'gateway-worker': async () => (await import('./app/gateway-role.ts')).runGatewayWorkerRole,
  engine: async () => (await import('./app/engine-role.ts')).runEngineRole,
};

function isRole(text: string | undefined): text is ChildRole {
  return text !== undefined && Object.hasOwn(ROLES, text);
}

/**
 * Composition root, with src/app/: decides what this process is and gives it its parts. Each role imports only what it
 * needs, so that a gateway worker loads no web framework and `--help` loads nearly nothing.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [command, role] = argv;
  if (command === '_role' && isRole(role)) {
    (await ROLES[role]())();
    return;
  }
  const { runCommandLine } = await import('./app/command-line.ts');
  process.exitCode = await runCommandLine(argv);
}
