import { existsSync, readFileSync, statSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ElulmcError } from './errors.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;
/** Every window is looked at before every change, and every schedule at each tick. */
const MOST_ENTRIES = 500;

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

/** Five cron fields, or six with seconds first. */
const cron = z.string().regex(/^\S+(\s+\S+){4,5}$/, 'must be a cron expression of five fields, such as "0 6 * * 1"');

/** Also the names that Intl.supportedValuesOf leaves out, such as Asia/Kolkata; no offsets, which know nothing of daylight saving. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const timezone = z.string().refine(isTimeZone, 'must be a time zone of the IANA database, such as Europe/Berlin').default('UTC');
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Text such as `4h`, as milliseconds. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration such as 30m, 4h or 2d')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 0));

/** How many people other than the requester must sign; a declaration's own number is the least. */
const approvals = z.strictObject({
  read: z.int().min(0).max(9).default(0),
  change: z.int().min(0).max(9).default(0),
  destroy: z.int().min(0).max(9).default(1),
  operations: z
    .record(z.string().regex(/^[a-z]+ [a-z][a-z0-9-]*$/, 'must be named as in "deployment resume-operations"'), z.int().min(0).max(9))
    .default({})
    .describe('for single operations; takes the place of the number of their risk'),
  validFor: duration.prefault('24h').describe('how long a request waits and its approval may be used'),
});

const window = z.strictObject({
  name,
  kind: z.enum(['maintenance', 'blackout']),
  cron: cron.describe('when the window opens'),
  duration: duration.describe('how long it stays open'),
  timezone,
  systems: z
    .array(z.string().min(1).max(200))
    .nullable()
    .default(null)
    .describe('names of what it is about (`route:demo`, `upstream:primary`); null = everything'),
});

const schedule = z.strictObject({
  name,
  runbook: z.string().min(1).max(500).describe('path of a Markdown file; relative to runbooks/ of ELULMC_HOME, then to those of this program'),
  section: z.string().min(1).max(1000).nullable().default(null),
  cron,
  timezone,
  set: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(10_000))
    .default({})
    .describe('values of parameters; never secrets'),
  enabled: z.boolean().default(true).describe('false: it starts nothing; the way to turn a built-in schedule off'),
});

/** A runbook whose lines may run as processes where they bind to no operation. */
const trustedRunbook = z.strictObject({
  file: z.string().min(1).describe('path of the Markdown file on this host; only exactly its text may do so'),
  folder: z.string().nullable().default(null).describe('where its processes start; null = the folder of the file'),
  timeout: duration.prefault('10m'),
});

/** The results that a model needs to enter a stage (docs/guide/model-registry.md). */
const gates = z
  .array(
    z.strictObject({
      gate: z.enum(['backdoor-scan', 'verify-model']).describe('operation that gives the result'),
      maxAge: duration.describe('how old its newest result may be'),
    }),
  )
  .max(20)
  .prefault([
    { gate: 'backdoor-scan', maxAge: '30d' },
    { gate: 'verify-model', maxAge: '1d' },
  ]);

/** A machine whose newest evidence `security verify-attestation` verifies when it is called without arguments. */
const attestedHost = z.strictObject({
  name,
  evidence: z.string().min(1).describe('evidence file of elulmc deployment check-enclave on this host, or a folder of which the newest counts'),
  policy: z.string().min(1).nullable().default(null).describe('approved policy; null = the one of attestation'),
});

const attestation = z.strictObject({
  policy: z.string().min(1).nullable().default(null).describe('approved policy of hosts that name none; without a control plane a file'),
  hosts: z.array(attestedHost).max(MOST_ENTRIES).default([]),
  maxAge: duration.prefault('1d').describe('how old evidence may be that is not asked for with a nonce of its own'),
});

const oidc = z.strictObject({
  issuer: z.url({ protocol: /^https?$/, hostname: /.*/ }),
  clientId: z.string().min(1).max(500),
  clientSecretFile: z.string().nullable().default(null).describe('file (0600) with the client secret; null = a public client'),
  scopes: z.string().default('openid profile'),
  rolesClaim: z.string().default('groups').describe('claim with the names of groups'),
  roles: z
    .record(z.string().min(1), z.enum(['viewer', 'operator', 'security', 'approver', 'admin']))
    .describe('group -> role; a person in none of them, or in several with different roles, cannot sign in'),
});

const schema = z.strictObject({
  environment: name.default('default').describe('what this installation is, such as staging or production: approvals hold for one environment'),
  approvals: approvals.prefault({}),
  windows: z.array(window).max(MOST_ENTRIES).default([]),
  schedules: z.array(schedule).max(MOST_ENTRIES).default([]),
  gates: z.strictObject({ validated: gates, staging: gates, production: gates }).prefault({}),
  attestation: attestation.prefault({}),
  runbooks: z.strictObject({ processes: z.array(trustedRunbook).default([]) }).prefault({}),
  signIn: z
    .strictObject({
      oidc: oidc.nullable().default(null),
      /** WebAuthn works on https and on localhost only. */
      origin: z
        .url({ protocol: /^https?$/, hostname: /.*/ })
        .nullable()
        .default(null)
        .describe('how browsers reach the control plane; null = http://localhost:PORT'),
      rpId: z.string().nullable().default(null).describe('domain that passkeys belong to; null = the host of origin'),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      name: name.default('local'),
      host: z.string().default('127.0.0.1'),
      workers: z.int().min(1).max(64).default(2),
      streamGraceMs: z.int().min(0).max(30_000).default(0),
      internalPort: z.int().min(0).max(65_535).default(0).describe('loopback port of /metrics and /status; 0 = any free port'),
    })
    .prefault({}),
  control: z
    .strictObject({
      name: name.default('local').describe('tells control planes on one database apart'),
      host: z.string().default('127.0.0.1'),
    })
    .prefault({}),
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

type Refuse = (field: string, sentence: string) => never;

/** A window or schedule of a name that is used twice would be mistaken for the other one. */
function checkNamedOnce(config: Pick<Config, 'windows' | 'schedules'>, refuse: Refuse): void {
  for (const list of ['windows', 'schedules'] as const) {
    const seen = new Set<string>();
    for (const [index, entry] of config[list].entries()) {
      if (seen.has(entry.name)) refuse(`${list}.${String(index)}.name`, `${JSON.stringify(entry.name)} is used twice`);
      seen.add(entry.name);
    }
  }
}

/** A window about a route or an upstream that is not there would guard nothing. Other names are free. */
function checkWindowSystems(
  windows: Config['windows'],
  known: { readonly route: ReadonlySet<string>; readonly upstream: ReadonlySet<string> },
  refuse: Refuse,
): void {
  for (const [index, window] of windows.entries()) {
    for (const [at, system] of (window.systems ?? []).entries()) {
      const [, kind, named = ''] = /^(route|upstream):(.*)$/s.exec(system) ?? [];
      if ((kind !== 'route' && kind !== 'upstream') || known[kind].has(named)) continue;
      refuse(`windows.${String(index)}.systems.${String(at)}`, `no ${kind === 'route' ? 'route' : 'upstream or engine'} is named ${JSON.stringify(named)}`);
    }
  }
}

function checkNames(config: Config, path: string): void {
  const refuse = (field: string, sentence: string): never => {
    throw new ElulmcError('CONFIG_INVALID', `${path}: ${field}: ${sentence}`, { field });
  };
  checkNamedOnce(config, refuse);
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
  checkWindowSystems(config.windows, { route: models, upstream: upstreams }, refuse);
  for (const [index, entry] of config.passThrough.entries()) {
    known(`passThrough.${String(index)}.upstream`, entry.upstream);
    if (/^\/(v1\/(chat\/completions|completions|embeddings|responses|models|sessions)|health|metrics)(\/|$)/.test(entry.path)) {
      refuse(`passThrough.${String(index)}.path`, `${entry.path} is served by the gateway itself`);
    }
  }
}
