import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * The input with those fields made absolute that name something below the current folder, and whether any names a path that is there.
 * `outputs` name what may not be there yet: they are made absolute in any case.
 */
export function absolutePaths(
  given: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  outputs: readonly string[] = [],
): { readonly input: Record<string, unknown>; readonly namesPath: boolean } {
  const input = { ...given };
  for (const field of outputs) if (typeof input[field] === 'string' && input[field] !== '') input[field] = resolve(input[field]);
  let namesPath = false;
  for (const field of fields) {
    const value = input[field];
    if (Array.isArray(value)) {
      const paths = value.map((one: unknown) => absolutePath(one));
      namesPath ||= paths.some((path) => path !== undefined);
      input[field] = value.map((one: unknown, index) => paths[index] ?? one);
      continue;
    }
    const path = absolutePath(value);
    if (path === undefined) continue;
    namesPath = true;
    input[field] = path;
  }
  return { input, namesPath };
}

function absolutePath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const path = resolve(value);
  return existsSync(path) ? path : undefined;
}
