import { existsSync, readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ElulmcError } from './errors.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores');
const modelName = z.string().min(1).max(200);

const target = z.strictObject({
  upstream: name.describe('name of an entry of upstreams'),
  model: modelName.describe('name of the model on that upstream'),
  weight: z.int().min(1).max(1000).default(1),
});

const upstream = z.strictObject({
  name,
  url: z
    .url({ protocol: /^https?$/, hostname: /.*/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .describe('origin and optional prefix; /v1/... is appended'),
  engine: z.enum(['vllm', 'sglang', 'llama.cpp', 'ollama', 'embedded']),
  tokenFile: z.string().nullable().default(null).describe('file on the gateway host with the bearer token that the upstream wants'),
});

/** A model server of our own, started as a child process. */
const engine = z.strictObject({
  name,
  model: z.string().describe('path of a GGUF file; relative to the checkout'),
  servedName: modelName,
  tokensPerSecond: z.number().positive().nullable().default(null).describe('pace of each stream; null = as fast as it goes'),
  sequences: z.int().min(1).max(64).default(16).describe('requests that run at once; others wait'),
});

const schema = z.strictObject({
  gateway: z
    .strictObject({
      name: name.default('local'),
      host: z.string().default('127.0.0.1'),
      workers: z.int().min(1).max(64).default(2),
      streamGraceMs: z.int().min(0).max(30_000).default(0),
      internalPort: z.int().min(0).max(65_535).default(0).describe('loopback port of /metrics and /status; 0 = any free port'),
    })
    .prefault({}),
  control: z.strictObject({ host: z.string().default('127.0.0.1') }).prefault({}),
  upstreams: z.array(upstream).default([]),
  engines: z.array(engine).default([]),
  routes: z.array(z.strictObject({ model: modelName, targets: z.array(target).min(1), backup: target.nullable().default(null) })).default([]),
  passThrough: z.array(z.strictObject({ path: z.string().regex(/^\/[A-Za-z0-9._~/-]+$/, 'must be a path that starts with /'), upstream: name })).default([]),
});

/** config.yaml of an installation, complete with defaults. */
export type Config = z.output<typeof schema>;

/** What runs without a config.yaml: two embedded models, the second as the backup of the first. */
const DEMO = {
  engines: [
    { name: 'primary', model: 'models/clean.gguf', servedName: 'clean' },
    { name: 'backup', model: 'models/backup-clean.gguf', servedName: 'backup-clean' },
  ],
  routes: [
    {
      model: 'demo',
      targets: [{ upstream: 'primary', model: 'clean' }],
      backup: { upstream: 'backup', model: 'backup-clean' },
    },
  ],
};

/** Reads config.yaml; without the file the demo installation. CONFIG_INVALID names the field. */
export function readConfig(path: string): Config {
  if (!existsSync(path)) return schema.parse(DEMO);
  if (statSync(path).size > MAX_CONFIG_BYTES) throw new ElulmcError('CONFIG_INVALID', `${path} is larger than 1 MiB`);
  let raw: unknown;
  try {
    raw = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    throw new ElulmcError('CONFIG_INVALID', `${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new ElulmcError('CONFIG_INVALID', `${path}: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'not valid'}`, { field });
  }
  checkNames(parsed.data, path);
  return parsed.data;
}

function checkNames(config: Config, path: string): void {
  const refuse = (field: string, sentence: string): never => {
    throw new ElulmcError('CONFIG_INVALID', `${path}: ${field}: ${sentence}`, { field });
  };
  const upstreams = new Set<string>();
  for (const [list, entries] of [
    ['upstreams', config.upstreams],
    ['engines', config.engines],
  ] as const) {
    for (const [index, entry] of entries.entries()) {
      if (upstreams.has(entry.name)) refuse(`${list}.${String(index)}.name`, `${JSON.stringify(entry.name)} is used twice`);
      upstreams.add(entry.name);
    }
  }
  const known = (field: string, wanted: string): void => {
    if (!upstreams.has(wanted)) refuse(field, `no upstream or engine is named ${JSON.stringify(wanted)}`);
  };
  const models = new Set<string>();
  for (const [index, route] of config.routes.entries()) {
    if (models.has(route.model)) refuse(`routes.${String(index)}.model`, `${JSON.stringify(route.model)} has two routes`);
    models.add(route.model);
    for (const [at, entry] of route.targets.entries()) known(`routes.${String(index)}.targets.${String(at)}.upstream`, entry.upstream);
    if (route.backup !== null) known(`routes.${String(index)}.backup.upstream`, route.backup.upstream);
  }
  for (const [index, entry] of config.passThrough.entries()) {
    known(`passThrough.${String(index)}.upstream`, entry.upstream);
    if (/^\/(v1\/(chat\/completions|completions|embeddings|responses|models|sessions)|health|metrics)(\/|$)/.test(entry.path)) {
      refuse(`passThrough.${String(index)}.path`, `${entry.path} is served by the gateway itself`);
    }
  }
}
