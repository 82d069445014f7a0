import type { Command } from 'commander';
import type { Session } from '../context.ts';

export function registerSignIn(command: Command, session: Session): void {
  command
    .argument('<link>', 'the link as it was given: http://HOST:PORT/sign-in/SECRET')
    .option('--name <name>', 'how others see you; default: the name of your account')
    .option('--force', 'replace who is signed in at another installation')
    .option('--json', 'print an object')
    .description('Redeem a one-time link. Makes an Ed25519 key pair here; only its public half is sent.')
    .action(async (link: string, options: { readonly name?: string; readonly force?: boolean }) => {
      const { signIn } = await import('../sign-in.ts');
      await signIn(session, link, options);
    });
}
