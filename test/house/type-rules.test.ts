import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';

const ERASABLE = 'TS1294';

/** Path -> text, and the error of the compiler; the first four would also stop Node, which only strips types. */
const PLANTS: readonly (readonly [path: string, text: string, code: string])[] = [
  ['src/enum.ts', 'export enum Level {\n  Low,\n}\n', ERASABLE],
  ['src/namespace.ts', 'export namespace Words {\n  export const one = 1;\n}\n', ERASABLE],
  ['src/parameter-property.ts', 'export class Key {\n  constructor(readonly id: string) {}\n}\n', ERASABLE],
  ['src/type-as-value.ts', "import { Named } from './named.ts';\nexport type Name = Named;\n", 'TS1484'],
  ['src/without-ending.ts', "import type { Named } from './named';\nexport type Name = Named;\n", 'TS2835'],
  ['src/unused-local.ts', 'export function one(): number {\n  const two = 2;\n  return 1;\n}\n', 'TS6133'],
  ['src/unchecked-index.ts', 'export const first = (list: readonly string[]): string => list[0];\n', 'TS2322'],
  ['src/undefined-option.ts', "import type { Named } from './named.ts';\nexport const named: Named = { name: undefined };\n", 'TS2375'],
];

describe('compiler rules', () => {
  const tree = new PlantedTree(Object.fromEntries(PLANTS.map(([path, text]) => [path, text])));
  let found: readonly string[] = [];

  beforeAll(() => {
    tree.write('src/named.ts', 'export interface Named {\n  readonly name?: string;\n}\n');
    tree.copy('tsconfig.json', 'package.json');
    tree.linkPackages();
    const { stdout } = tree.run('tsc', '--noEmit', '--pretty', 'false');
    found = stdout.split('\n').flatMap((line) => /^(\S+)\(\d+,\d+\): error (TS\d+)/.exec(line)?.slice(1).join(' ') ?? []);
  }, 120_000);

  afterAll(() => {
    tree.remove();
  });

  test.each(PLANTS)('%s', (path, _text, code) => {
    expect(found.filter((line) => line.startsWith(`${path} `))).toEqual([`${path} ${code}`]);
  });
});
