import { isAbsolute, normalize, relative, resolve, sep } from 'node:path';

/** Never part of a model unless the caller switches it off (section 3 of the reference implementation's rules). */
export const DEFAULT_IGNORES: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore'];

function asPosix(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

/**
 * Entries as POSIX paths relative to the model, `.` for the whole of it. An absolute one is taken relative to the model; those that
 * do not lie inside of it are dropped, as are empty ones.
 */
export function ignoreEntries(model: string, entries: readonly string[]): readonly string[] {
  const root = resolve(model);
  const inside = entries.flatMap((entry) => {
    if (entry === '' || entry.includes('\0')) return [];
    const path = isAbsolute(entry) ? relative(root, normalize(entry)) || '.' : normalize(entry);
    const trimmed = asPosix(path).replace(/\/$/, '');
    return trimmed === '..' || trimmed.startsWith('../') || isAbsolute(trimmed) ? [] : [trimmed];
  });
  return [...new Set(inside)];
}

/** Whether a path is one of the entries or below one. */
export function isIgnored(path: string, entries: ReadonlySet<string>): boolean {
  if (entries.size === 0) return false;
  if (entries.has('.') || entries.has(path)) return true;
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) if (entries.has(path.slice(0, slash))) return true;
  return false;
}
