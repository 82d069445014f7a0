import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files below a folder, relative to it, sorted; none when the folder is absent. */
export function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}
