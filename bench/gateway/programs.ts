import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { childEnvironment } from '../../src/core/environment.ts';
import { startChild } from './child.ts';

const PACKAGES = { cc: 'gcc', nginx: 'nginx-light', wrk: 'wrk' } as const;

export type Program = keyof typeof PACKAGES;

function isInPath(program: string): boolean {
  return (childEnvironment()['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Those of the benchmark's programs that this machine lacks. */
export function missingPrograms(): Program[] {
  return (Object.keys(PACKAGES) as Program[]).filter((program) => !isInPath(program));
}

export function installHint(missing: readonly Program[]): string {
  return `${missing.join(', ')} not found; on Debian: apt-get install ${missing.map((program) => PACKAGES[program]).join(' ')}`;
}

/** First line that the program prints for its version; wrk and nginx write it in different ways and with different exit codes. */
export async function versionOf(program: Program): Promise<string> {
  const child = startChild(program, [program === 'cc' ? '--version' : '-v']);
  await child.ended;
  return (child.said().split('\n')[0] ?? '').replace(/^nginx version: /, '').replace(/ Copyright.*$/, '');
}
