import { realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';

const STICKY = 0o1000;

function weakness(path: string, stat: Stats, mayBeSticky: boolean): string | undefined {
  const own = process.getuid?.() ?? stat.uid;
  if (stat.uid !== own && stat.uid !== 0) return `${path} belongs to another user (${String(stat.uid)})`;
  const isShared = (stat.mode & 0o022) !== 0 && !(mayBeSticky && (stat.mode & STICKY) !== 0);
  return isShared ? `others can write ${path} (mode ${(stat.mode & 0o7777).toString(8)})` : undefined;
}

/**
 * Why somebody else than this user and root could change what is at a path, undefined when nobody can: the file or folder itself,
 * where links lead, and every folder above it. A folder above may be sticky as `/tmp` is. Throws as `realpath` does.
 */
export function unguarded(path: string): string | undefined {
  const real = realpathSync(path);
  for (let at = real; ; at = dirname(at)) {
    const found = weakness(at, statSync(at), at !== real);
    if (found !== undefined) return found;
    if (at === dirname(at)) return undefined;
  }
}
