import type { Command } from 'commander';
import type { Session } from '../context.ts';

export function registerSignIn(command: Command, session: Session): void {
  command
    .argument('[link]', 'the link as it was given: http://HOST:PORT/sign-in/SECRET; without one, confirm a code in your browser')
    .option('--name <name>', 'with a link, how others see you (default: the name of your account); without, the name of this machine')
    .option('--force', 'replace who is signed in at another installation')
    .option('--json', 'print an object')
    .description(
      'Sign in by a one-time link, or by a code that you confirm in a browser where you are signed in. Makes an Ed25519 key pair here; only its public half is sent.',
    )
    .action(async (link: string | undefined, options: { readonly name?: string; readonly force?: boolean }) => {
      if (link !== undefined) await (await import('../sign-in.ts')).signIn(session, link, options);
      else await (await import('../device-sign-in.ts')).signInByDevice(session, options);
    });
}
