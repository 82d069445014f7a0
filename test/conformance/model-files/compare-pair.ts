import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileSource } from '../../../src/artifacts/bytes/file-source.ts';
import { compareModels } from '../../../src/artifacts/compare/compare-models.ts';
import type { ComparisonFinding } from '../../../src/artifacts/compare/comparison.ts';
import { modelTensors } from '../../../src/artifacts/compare/model-tensors.ts';
import type { ModelPair } from './pair.ts';

function safetensorsOf(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .map((name) => join(path, name));
}

/** What the comparison of a version with the one before it finds. */
export function comparePair({ before, after }: ModelPair, signal: AbortSignal): readonly ComparisonFinding[] {
  const opened: FileSource[] = [];
  const open = (path: string): { path: string; source: FileSource } => {
    const source = FileSource.open(path);
    opened.push(source);
    return { path, source };
  };
  try {
    const [old, now] = [before, after].map((path) => modelTensors(safetensorsOf(path).map(open)));
    return old === undefined || now === undefined ? [] : compareModels(old, now, signal).findings;
  } finally {
    for (const source of opened) source.close();
  }
}
