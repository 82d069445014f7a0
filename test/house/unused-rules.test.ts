import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlantedTree } from './planted-tree.ts';

interface Issues {
  readonly files: readonly string[];
  readonly issues: readonly {
    readonly file: string;
    readonly exports?: readonly { readonly name: string }[];
    readonly dependencies?: readonly { readonly name: string }[];
  }[];
}

describe('knip', () => {
  const tree = new PlantedTree({
    'package.json': JSON.stringify({ name: 'planted', type: 'module', dependencies: { jose: '1.0.0', yaml: '1.0.0' } }),
    'src/app.ts': "import 'yaml';\nimport { used } from './core/words.ts';\nexport const main = used;\n",
    'src/core/words.ts':
      'export interface Shape {\n  readonly id: string;\n}\nexport const used = (shape: Shape): string => shape.id;\nexport const unused = 1;\n',
    'src/core/tested.ts': 'export const tested = 1;\n',
    'src/core/forgotten.ts': 'export const forgotten = 1;\n',
    'test/core/tested.test.ts': "import { tested } from '../../src/core/tested.ts';\ntested;\n",
  });
  let found: Issues = { files: [], issues: [] };

  beforeAll(() => {
    tree.copy('knip.json', 'tsconfig.json');
    tree.linkPackages();
    found = JSON.parse(tree.run('knip', '--reporter', 'json', '--no-config-hints').stdout) as Issues;
  }, 120_000);

  afterAll(() => {
    tree.remove();
  });

  test('names a file that nothing imports, and none that a test imports', () => {
    expect(found.files).toEqual(['src/core/forgotten.ts']);
  });

  test('names an export that nothing imports, and none that the program enters by', () => {
    expect(found.issues.flatMap((issue) => (issue.exports ?? []).map(({ name }) => `${issue.file} ${name}`))).toEqual(['src/core/words.ts unused']);
  });

  test('names a dependency that nothing imports', () => {
    expect(found.issues.flatMap((issue) => (issue.dependencies ?? []).map(({ name }) => name))).toEqual(['jose']);
  });
});
