import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkout, PlantedTree } from './planted-tree.ts';

/** The table as the design states it, so that the configuration is not compared with itself. */
const TABLE = `
core <- nothing
ledger, vault, store, attestation, leaks, upstreams, engine <- core
artifacts <- core leaks
evaluation <- core leaks upstreams
backup <- core ledger vault artifacts
services <- core ledger vault store upstreams
gateway <- core ledger vault leaks upstreams services
operations <- core ledger vault artifacts attestation leaks evaluation backup upstreams services
runbook <- core services operations
drills <- core services operations runbook
api <- core services operations runbook
cli <- core services operations runbook drills api gateway engine
`;

function readTable(): ReadonlyMap<string, ReadonlySet<string>> {
  const allowed = new Map<string, ReadonlySet<string>>();
  for (const line of TABLE.trim().split('\n')) {
    const [left = '', right = ''] = line.split(' <- ');
    const targets = new Set(right === 'nothing' ? [] : right.split(' '));
    for (const folder of left.split(', ')) allowed.set(folder, targets);
  }
  return allowed;
}

const table = readTable();
const folders = [...table.keys()];

/** Every folder imports every other one: exactly the imports outside of the table must be refused. */
const everyEdge: Record<string, string> = {};
const refusedEdges: string[] = [];
for (const from of folders) {
  everyEdge[`src/${from}/anchor.ts`] = `export const ${from} = 1;\n`;
  everyEdge[`src/${from}/importer.ts`] = folders.map((to) => `import '../${to}/anchor.ts';\n`).join('');
  for (const to of folders) {
    if (to !== from && table.get(from)?.has(to) !== true) refusedEdges.push(`folder-${from}: src/${from}/importer.ts -> src/${to}/anchor.ts`);
  }
}

/** Path -> text, the rules it breaks with the target of each; none where the import is allowed. */
const PLANTS: readonly (readonly [path: string, text: string, ...broken: string[]])[] = [
  ['src/app.ts', "import './cli/anchor.ts';\nimport './store/pool.ts';\nimport './app/control.ts';\n"],
  ['src/app/control.ts', "import '../api/anchor.ts';\nimport '../gateway/anchor.ts';\n"],
  ['src/core/control.ts', "import '../app/control.ts';\n", 'app-parts -> src/app/control.ts', 'folder-core -> src/app/control.ts'],
  ['bench/control.ts', "import '../src/app/control.ts';\n", 'app-parts -> src/app/control.ts'],
  ['test/app/control.test.ts', "import '../../src/app/control.ts';\n"],
  ['src/cli/child.ts', "import { spawn } from 'node:child_process';\nspawn('true');\n", 'node-child-process -> child_process'],
  ['src/cli/child-unprefixed.ts', "import { spawn } from 'child_process';\nspawn('true');\n", 'node-child-process -> child_process'],
  ['src/services/processes/child.ts', "import { spawn } from 'node:child_process';\nspawn('true');\n"],
  ['src/services/sessions/child.ts', "export const child = import('node:child_process');\n", 'node-child-process -> child_process'],
  ['src/cli/workers.ts', "import 'node:cluster';\n", 'node-cluster -> cluster'],
  ['src/gateway/workers.ts', "import 'node:cluster';\n"],
  ['src/store/pool.ts', "import 'pg';\nimport 'drizzle-orm';\n"],
  ['src/services/query.ts', "import 'pg';\nimport 'drizzle-orm';\n", 'package-pg -> pg', 'package-drizzle-orm -> drizzle-orm'],
  ['src/operations/query.ts', "export const query = import('pg');\n", 'package-pg -> pg'],
  ['src/cli/words.ts', "import 'commander';\nimport '@clack/prompts';\nimport 'picocolors';\n"],
  [
    'src/api/words.ts',
    "import 'commander';\nimport '@clack/prompts';\nimport 'picocolors';\nimport 'fastify';\n",
    'package-commander -> commander',
    'package-clackprompts -> @clack/prompts',
    'package-picocolors -> picocolors',
  ],
  ['src/gateway/server.ts', "import 'fastify';\nimport 'zod';\nimport 'undici';\n", 'package-fastify -> fastify', 'package-zod -> zod'],
  ['src/runbook/routes.ts', "import type { FastifyInstance } from 'fastify';\nexport type App = FastifyInstance;\nimport 'mdast-util-from-markdown';\n"],
  ['src/runbook/server.ts', "import { fastify } from 'fastify';\nfastify();\n", 'types-fastify -> fastify'],
  ['src/core/config.ts', "import 'zod';\nimport 'yaml';\n"],
  ['src/core/ids.ts', "import 'zod';\n", 'package-zod -> zod'],
  ['src/ledger/entry.ts', "import 'zod';\nimport './verify/note.ts';\n", 'package-zod -> zod'],
  ['src/cli/settings.ts', "import 'yaml';\nimport 'zod';\n", 'package-yaml -> yaml'],
  ['src/engine/model.ts', "export const model = import('node-llama-cpp');\n"],
  ['src/cli/client.ts', "import 'openai';\n", 'package-unlisted -> openai'],
  ['src/ledger/verify/note.ts', "import 'node:crypto';\nimport './digest.ts';\n"],
  ['src/ledger/verify/digest.ts', "import 'node:crypto';\n"],
  [
    'src/ledger/verify/extra.ts',
    "import '../anchor.ts';\nimport '../../core/anchor.ts';\nimport 'yaml';\n",
    'ledger-verify -> src/ledger/anchor.ts',
    'ledger-verify -> src/core/anchor.ts',
    'ledger-verify -> yaml',
    'package-yaml -> yaml',
  ],
  [
    'src/operations/security/isolate.ts',
    "import '../governance/revoke.ts';\nimport './scope.ts';\nimport '../anchor.ts';\n",
    'operations-rooms -> src/operations/governance/revoke.ts',
  ],
  ['src/operations/security/scope.ts', 'export const scope = 1;\n'],
  ['src/operations/governance/revoke.ts', "export const room = import('../security/scope.ts');\n", 'operations-rooms -> src/operations/security/scope.ts'],
  // A cycle is reported once, at the file that closes it; one of types alone counts too.
  ['src/core/forward.ts', "import './backward.ts';\n"],
  ['src/core/backward.ts', "import type { Forward } from './forward.ts';\nexport type Backward = Forward;\n", 'no-cycles -> src/core/forward.ts'],
  ['src/core/alone.ts', 'export const alone = 1;\n', 'no-orphans -> src/core/alone.ts'],
  ['src/core/absent.ts', "import './nowhere.ts';\n", 'not-there -> ./nowhere.ts'],
  [
    'src/cli/outside.ts',
    "import '../../test/words.ts';\nimport '../../bench/words.ts';\nimport '../../scripts/words.ts';\n",
    ...inside('test', 'bench', 'scripts'),
  ],
  ['test/words.ts', "import '../src/core/anchor.ts';\nimport 'openai';\n"],
  ['bench/words.ts', "import '../src/core/anchor.ts';\n"],
  ['scripts/words.ts', "import '../src/core/anchor.ts';\n"],
  ['bin/entry.js', "import '../src/app.ts';\n"],
  ['test/app.test.ts', "import '../src/app.ts';\n", 'app-is-the-root -> src/app.ts'],
  ['src/helpers/words.ts', "import '../core/anchor.ts';\n", 'folder-unlisted -> src/core/anchor.ts'],
  ['src/second-app.ts', "import './core/anchor.ts';\n", 'folder-unlisted -> src/core/anchor.ts'],
  ['src/api/contract/alert.ts', 'export interface Alert {\n  readonly id: string;\n}\n'],
  [
    'console/page.ts',
    "import type { Alert } from '../src/api/contract/alert.ts';\nexport type Row = Alert;\nimport '../src/services/anchor.ts';\n",
    'console-sees-the-contract -> src/services/anchor.ts',
  ],
];

function inside(...outside: readonly string[]): string[] {
  return outside.map((folder) => `src-stays-inside -> ${folder}/words.ts`);
}

const refusedPlants = PLANTS.flatMap(([path, , ...broken]) => broken.map((rule) => rule.replace(' -> ', `: ${path} -> `)));

interface Cruise {
  readonly summary: { readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[] };
}

/** `node_modules/pg/index.js` -> `pg`: plants name packages, not files. */
function shorten(target: string): string {
  return target.replace(/^node:/, '').replace(/^node_modules\/(.*)\/index\.js$/, '$1');
}

describe('import rules', () => {
  const tree = new PlantedTree(everyEdge);
  let found: readonly string[] = [];

  beforeAll(() => {
    tree.copy('.dependency-cruiser.js', 'tsconfig.json', 'package.json');
    const { dependencies, devDependencies } = JSON.parse(readFileSync(`${checkout}/package.json`, 'utf8')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      tree.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
      tree.write(`node_modules/${name}/index.js`, 'export const fastify = () => {};\n');
    }
    for (const [path, text] of PLANTS) tree.write(path, text);
    const { stdout } = tree.run('depcruise', '--output-type', 'json', 'src', 'bin', 'bench', 'scripts', 'test', 'console');
    const { summary } = JSON.parse(stdout) as Cruise;
    found = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${shorten(to)}`);
  }, 120_000);

  afterAll(() => {
    tree.remove();
  });

  test('refuse every import between folders outside of the table, and no other', () => {
    expect(found.filter((line) => line.startsWith('folder-') && line.includes('/importer.ts')).sort()).toEqual(refusedEdges.sort());
  });

  test.each(refusedPlants)('refuse %s', (line) => {
    expect(found).toContain(line);
  });

  test('refuse nothing else', () => {
    const expected = new Set([...refusedEdges, ...refusedPlants]);
    expect(found.filter((line) => !expected.has(line))).toEqual([]);
  });
});
