import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';

const CONSOLE = 'no-console';
const PROPERTIES = 'no-restricted-properties';
const SYNTAX = 'no-restricted-syntax';
const IMPORTS = '@typescript-eslint/no-restricted-imports';

const log = "console.log('words');\n";
const now = 'export const at = Date.now();\n';
const newDate = 'export const at = new Date();\n';
const monotonic = 'export const ms = performance.now();\n';
const home = 'export const home = process.env.HOME;\n';
const stop = 'process.exit(1);\n';
const lines = (count: number): string => '//\n'.repeat(count - 1) + 'export const last = 1;\n';
const nested = (depth: number): string =>
  `export function nested(n: number): number {\n${'if (n > 1) {\n'.repeat(depth)}return 1;\n${'}\n'.repeat(depth)}return 0;\n}\n`;

/** Path -> text, and the rules of eslint that it breaks; none where it is allowed. */
const PLANTS: readonly (readonly [path: string, text: string, ...broken: string[]])[] = [
  ['src/cli/console.ts', log, CONSOLE],
  ['src/cli/output.ts', log],
  ['bench/console.ts', log],
  ['scripts/console.ts', log],
  ['src/core/now.ts', now, PROPERTIES],
  ['src/core/new-date.ts', newDate, SYNTAX],
  ['src/core/date-text.ts', 'export const at = Date();\n', SYNTAX],
  ['src/core/parsed-date.ts', "export const at = new Date('2026-01-01');\n"],
  ['src/core/monotonic.ts', monotonic, PROPERTIES],
  ['src/core/destructured.ts', 'export const { now } = Date;\n', PROPERTIES],
  ['src/core/performance.ts', "export { performance } from 'node:perf_hooks';\n", IMPORTS],
  ['src/core/ticks.ts', 'export const ticks = process.hrtime.bigint();\n', PROPERTIES],
  ['src/core/clock.ts', now + newDate.replace('at', 'date') + monotonic],
  ['test/now.ts', now + monotonic + home],
  ['src/core/home.ts', home, PROPERTIES],
  ['src/core/home-taken-apart.ts', 'export const { env } = process;\n', PROPERTIES],
  ['src/core/home-imported.ts', "import { env } from 'node:process';\nexport const home = env['HOME'];\n", IMPORTS],
  ['src/core/environment.ts', home],
  ['src/core/environment-and-clock.ts', home + now, PROPERTIES, PROPERTIES],
  ['src/cli/stop.ts', stop, PROPERTIES],
  ['src/app.ts', stop],
  ['src/app/control.ts', stop],
  ['src/core/built-in.ts', "export const fs = process.getBuiltinModule('node:fs');\n", PROPERTIES],
  ['src/core/computed-import.ts', 'export const load = (name: string): Promise<unknown> => import(name);\n', SYNTAX],
  ['src/core/literal-import.ts', "export const load = (): Promise<unknown> => import('./clock.ts');\n"],
  ['src/core/source-ending.ts', "export const child = new URL('./child.ts', import.meta.url);\n", SYNTAX],
  ['src/core/either-ending.ts', "export const child = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);\n"],
  ['src/core/default-export.ts', 'export default 1;\n', SYNTAX],
  ['test/default-export.ts', 'export default 1;\n', SYNTAX],
  ['own.config.ts', 'export default 1;\n'],
  ['src/core/lines-300.ts', lines(300)],
  ['src/core/lines-301.ts', lines(301), 'max-lines'],
  ['src/core/depth-3.ts', nested(3)],
  ['src/core/depth-4.ts', nested(4), 'max-depth'],
  ['src/core/later.ts', '// TODO: later\nexport const later = 1;\n', 'no-warning-comments'],
  ['src/core/any.ts', 'export function first(list: any): string {\n  return String(list);\n}\n', '@typescript-eslint/no-explicit-any'],
  ['src/core/floating.ts', "import('./clock.ts');\n", '@typescript-eslint/no-floating-promises'],
  ['src/core/thrown.ts', "export function fail(): never {\n  throw 'words';\n}\n", '@typescript-eslint/only-throw-error'],
  ['src/core/value-import.ts', "import { URL } from 'node:url';\nexport type Address = URL;\n", '@typescript-eslint/consistent-type-imports'],
  ['src/core/unchecked.ts', 'export const first = (list: string[]): string => list[0]!;\n', '@typescript-eslint/no-non-null-assertion'],
];

interface LintedFile {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string }[];
}

describe('lint rules', () => {
  const tree = new PlantedTree(Object.fromEntries(PLANTS.map(([path, text]) => [path, text])));
  const found = new Map<string, readonly string[]>();

  beforeAll(() => {
    tree.copy('eslint.config.js', 'tsconfig.json', 'package.json');
    tree.linkPackages();
    const { stdout } = tree.run('eslint', '--format', 'json', '.');
    for (const { filePath, messages } of JSON.parse(stdout) as readonly LintedFile[]) {
      found.set(filePath.slice(tree.root.length + 1), messages.map(({ ruleId, message }) => ruleId ?? message).sort());
    }
  }, 120_000);

  afterAll(() => {
    tree.remove();
  });

  test.each(PLANTS)('%s', (path, _text, ...broken) => {
    expect(found.get(path)).toEqual(broken.sort());
  });
});
