import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const checkout = dirname(dirname(import.meta.dirname));

/** What a program wrote and how it ended; `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A small tree of our own shape in a temporary folder, for planting what a rule must catch. */
export class PlantedTree {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'elulmc-planted-')));

  /** `files`: path -> text. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text, { mode });
  }

  /** Copies files or folders of the checkout to the same place. */
  copy(...paths: readonly string[]): void {
    for (const path of paths) cpSync(join(checkout, path), this.path(path), { recursive: true });
  }

  linkPackages(): void {
    symlinkSync(join(checkout, 'node_modules'), this.path('node_modules'));
  }

  /** Runs a program of node_modules/.bin in this tree, with nothing of the test runner's environment. */
  run(program: string, ...args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, 'node_modules', '.bin', program), ...args], {
      cwd: this.root,
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: this.root },
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
    });
    return { code: status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
