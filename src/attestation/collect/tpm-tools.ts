import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunProgram } from './evidence-source.ts';

const NOT_STARTED = 127;
const LAST_LINE = 300;

/** Why a program of tpm2-tools gave nothing. */
export class TpmToolError extends Error {
  readonly notStarted: boolean;

  constructor(message: string, notStarted: boolean) {
    super(message);
    this.notStarted = notStarted;
  }

  /** Whether the device is there and may not be opened. */
  get denied(): boolean {
    return /permission denied|not permitted/iu.test(this.message);
  }
}

/** Programs of tpm2-tools on one TPM; each writes its results to files of a folder that is removed afterwards. */
export interface TpmTools {
  /** What it printed. TpmToolError when it fails. */
  run(program: string, ...words: readonly string[]): Promise<string>;
  path(name: string): string;
  file(name: string): Buffer;
}

/** Gives `work` the tools. */
export async function withTpmTools<T>(run: RunProgram, tcti: string, work: (tools: TpmTools) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-tpm-'));
  const path = (name: string): string => join(folder, name);
  try {
    return await work({
      path,
      file: (name) => readFileSync(path(name)),
      run: async (program, ...words) => {
        const { code, stdout, stderr } = await run([program, '--tcti', tcti, ...words]);
        if (code === 0) return stdout;
        const why = stderr.trim().split('\n').at(-1)?.slice(0, LAST_LINE) ?? '';
        throw new TpmToolError(`${program}: ${why === '' ? `exit ${String(code)}` : why}`, code === NOT_STARTED);
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
