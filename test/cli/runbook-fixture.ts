import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { CliContext } from '../../src/cli/context.ts';
import type { RunView } from '../../src/runbook/run-view.ts';
import type { CliFixture, Said } from './cli-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';

/** The context of a person who is signed in with this token. */
export function as(cli: CliFixture, token: string, more: Partial<CliContext> = {}): Partial<CliContext> {
  return { environment: { home: cli.home.root, databaseUrl: undefined, controlUrl: undefined, token, gatewayPort: 0, controlPort: 0, color: false }, ...more };
}

/** Writes a runbook with a section S of command lines and a section P with one step for a person. */
export function writeBook(cli: CliFixture, lines: readonly string[], info = ''): string {
  const file = join(cli.home.root, 'book.md');
  writeFileSync(file, `# S\n\n\`\`\`bash ${info}\n${lines.join('\n')}\n\`\`\`\n\n# P\n\n- call somebody\n`);
  return file;
}

/** The run that stands on stdout. */
export function jsonOf({ out }: Said): RunView {
  return JSON.parse(out) as RunView;
}

/** The newest run, once it is as it is said. */
export async function newestRun(control: ControlFixture, is: (view: Omit<RunView, 'steps'>) => boolean): Promise<Omit<RunView, 'steps'>> {
  for (;;) {
    const [newest] = await control.runs().list(1);
    if (newest !== undefined && is(newest)) return newest;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A terminal at which keys can be pressed; `seen` resolves once the screen has shown a text since the last time. */
export function terminal(): { readonly stdio: CliContext['stdio']; press(keys: string): void; seen(text: string): Promise<void> } {
  const tty = () => Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24, setRawMode: () => undefined });
  const [stdin, stdout, stderr] = [tty(), tty(), tty()];
  let screen = '';
  // A terminal shows both.
  for (const stream of [stdout, stderr]) {
    stream.on('data', (data: Buffer) => {
      screen += data.toString();
    });
  }
  return {
    stdio: { stdin, stdout, stderr },
    press: (keys) => {
      stdin.write(keys);
    },
    seen: async (text) => {
      while (!screen.includes(text)) await new Promise((resolve) => setTimeout(resolve, 10));
      screen = screen.slice(screen.indexOf(text) + text.length);
    },
  };
}
