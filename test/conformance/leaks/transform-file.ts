import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of `leak_transforms.jsonl`: the messages in which a canary leaves. */
export interface TransformedLeak {
  readonly canary: string;
  readonly transform: string;
  readonly messages: readonly string[];
}

/** Nothing where the file is missing. */
export function readTransformedLeaks(directory: string): readonly TransformedLeak[] {
  const file = join(directory, 'leak_transforms.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TransformedLeak);
}
