import { walkYaml } from '../nemo/yaml-members.ts';
import { ggufTexts, readSmall } from './model-templates.ts';
import { filesOf } from './tensor-files.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_FRONT_MATTER = 64 * 1024;
const MAX_FILES = 20;
const MAX_TEXT = 300;
const MAX_LIST = 50;
const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---\s*(?:\r?\n|$)/;

/** What the files of a model state about it. */
export interface ModelFacts {
  readonly name: string | null;
  readonly architecture: string | null;
  readonly task: string | null;
  /** As it stands there: SPDX id or any words. */
  readonly license: string | null;
  readonly baseModels: readonly string[];
  readonly datasets: readonly string[];
  readonly languages: readonly string[];
  /** Files that say so. */
  readonly sources: readonly string[];
}

interface Stated {
  readonly field: 'name' | 'architecture' | 'task' | 'license' | 'baseModels' | 'datasets' | 'languages';
  readonly value: string;
}

/** Where each kind of file says something, by the path of the member; `*` is an element of a list. */
const README: Readonly<Record<string, Stated['field']>> = {
  license: 'license',
  license_name: 'license',
  base_model: 'baseModels',
  datasets: 'datasets',
  language: 'languages',
  pipeline_tag: 'task',
};
const CONFIG: Readonly<Record<string, Stated['field']>> = {
  architectures: 'architecture',
  model_type: 'architecture',
  base_model_name_or_path: 'baseModels',
  task_type: 'task',
};
const GGUF: readonly (readonly [RegExp, Stated['field']])[] = [
  [/^general\.name$/, 'name'],
  [/^general\.architecture$/, 'architecture'],
  [/^general\.license$/, 'license'],
  [/^general\.base_model\.\d+\.name$/, 'baseModels'],
  [/^general\.dataset\.\d+\.name$|^general\.datasets$/, 'datasets'],
  [/^general\.languages$/, 'languages'],
];

/** What the files of a model state about it: it is what somebody wrote there, checked by nobody; what cannot be read is left out. */
export function modelFacts(model: string): ModelFacts {
  const stated: Stated[] = [];
  const sources: string[] = [];
  for (const { path, absolute } of filesOf(model)) {
    if (sources.length >= MAX_FILES) break;
    const found = statedBy(path, absolute);
    if (found.length > 0) sources.push(path);
    stated.push(...found);
  }
  const all = (field: Stated['field']): string[] => [...new Set(stated.filter((one) => one.field === field).map(({ value }) => value))].slice(0, MAX_LIST);
  const first = (field: Stated['field']): string | null => all(field)[0] ?? null;
  return {
    name: first('name'),
    architecture: first('architecture'),
    task: first('task'),
    license: first('license'),
    baseModels: all('baseModels'),
    datasets: all('datasets'),
    languages: all('languages'),
    sources,
  };
}

function statedBy(path: string, absolute: string): Stated[] {
  if (/(?:^|\/)README\.md$/i.test(path)) return inReadme(absolute);
  if (/(?:^|\/)(?:config|adapter_config)\.json$/i.test(path)) return inConfig(absolute);
  const found: Stated[] = [];
  ggufTexts(absolute, (key, text) => {
    const field = GGUF.find(([pattern]) => pattern.test(key))?.[1];
    if (field !== undefined) add(found, field, text);
  });
  return found;
}

function add(found: Stated[], field: Stated['field'], value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '') return;
  found.push({ field, value: value.trim().slice(0, MAX_TEXT) });
}

function inReadme(absolute: string): Stated[] {
  const text = readSmall(absolute, MAX_BYTES)?.toString('utf8') ?? '';
  const front = FRONT_MATTER.exec(text.slice(0, MAX_FRONT_MATTER))?.[1];
  const found: Stated[] = [];
  if (front === undefined) return found;
  walkYaml(
    front,
    ({ path, value }) => {
      const field = path.length === 1 || (path.length === 2 && path[1] === '*') ? README[path[0] ?? ''] : undefined;
      if (field !== undefined) add(found, field, value);
    },
    new AbortController().signal,
  );
  return found;
}

function inConfig(absolute: string): Stated[] {
  const found: Stated[] = [];
  let config: unknown;
  try {
    config = JSON.parse(readSmall(absolute, MAX_BYTES)?.toString('utf8') ?? 'null');
  } catch {
    return found;
  }
  if (typeof config !== 'object' || config === null) return found;
  for (const [name, field] of Object.entries(CONFIG)) {
    const value = Object.getOwnPropertyDescriptor(config, name)?.value as unknown;
    for (const one of Array.isArray(value) ? value : [value]) add(found, field, one);
  }
  return found;
}
