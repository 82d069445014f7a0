import type { Unit } from '../scan/reader.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { plainName } from './member-names.ts';

/** Reports names that two entries share, for whoever unpacks them. */
export function reportDuplicates(unit: Unit, entries: readonly { readonly name: string; readonly at: number | null }[]): void {
  const known = new Map<string, string>();
  const told = new Set<string>();
  for (const { name, at } of entries) {
    if (name.endsWith('/')) continue;
    const plain = plainName(name);
    const first = known.get(plain);
    if (first === undefined) known.set(plain, name);
    else if (!told.has(plain)) {
      told.add(plain);
      unit.found(ARCHIVE_RULES.duplicate, at, first === name ? name : `${first} and ${name}`);
    }
  }
}
