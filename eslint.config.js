import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const CLOCK = 'only src/core/clock.ts reads a clock';
const ENVIRONMENT = 'only src/core/environment.ts reads the environment';
const EXIT = 'set process.exitCode and let the process end; only the composition root (src/app) may stop it';
const BUILT_IN = 'import modules of Node by name, so that the import table sees them';

const clock = {
  properties: [
    { object: 'Date', property: 'now', message: CLOCK },
    { object: 'performance', property: 'now', message: CLOCK },
    { object: 'performance', property: 'timeOrigin', message: CLOCK },
    { object: 'process', property: 'hrtime', message: CLOCK },
  ],
  syntax: [
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: CLOCK },
    { selector: 'CallExpression[callee.name="Date"]', message: CLOCK },
  ],
  imports: [
    { name: 'node:perf_hooks', importNames: ['performance'], message: CLOCK },
    { name: 'node:process', importNames: ['hrtime'], message: CLOCK },
  ],
};

const environment = {
  properties: [
    { object: 'process', property: 'env', message: ENVIRONMENT },
    { object: 'process', property: 'loadEnvFile', message: ENVIRONMENT },
  ],
  imports: [{ name: 'node:process', importNames: ['default', 'env'], message: ENVIRONMENT }],
};

const exit = {
  properties: [
    { object: 'process', property: 'exit', message: EXIT },
    { object: 'process', property: 'reallyExit', message: EXIT },
  ],
  imports: [{ name: 'node:process', importNames: ['exit'], message: EXIT }],
};

const visibleImports = {
  properties: [{ object: 'process', property: 'getBuiltinModule', message: BUILT_IN }],
  syntax: [{ selector: 'ImportExpression:not([source.type="Literal"])', message: 'import() takes a literal, so that the import table sees it' }],
};

const builtFiles = {
  syntax: [
    {
      selector:
        ':not(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression, TSLiteralType, ConditionalExpression) > Literal[value=/[a-z][.]ts$/]',
      message: "the published package holds .js files: import.meta.url.endsWith('.ts') ? './x.ts' : './x.js'",
    },
  ],
};

const defaultExport = { selector: 'ExportDefaultDeclaration', message: 'export by name' };

/** Rules of eslint itself for mistakes that neither the compiler nor typescript-eslint sees. */
const core = [
  'no-async-promise-executor',
  'no-case-declarations',
  'no-cond-assign',
  'no-control-regex',
  'no-debugger',
  'no-empty',
  'no-misleading-character-class',
  'no-prototype-builtins',
  'no-regex-spaces',
  'no-self-assign',
  'no-sparse-arrays',
  'no-unsafe-finally',
  'no-unsafe-optional-chaining',
  'no-useless-catch',
  'no-useless-escape',
];

/** The rules of src for files that may do what the given groups forbid. */
function restrict(...groups) {
  const all = (kind) => groups.flatMap((group) => group[kind] ?? []);
  return {
    'no-restricted-properties': ['error', ...all('properties')],
    'no-restricted-syntax': ['error', defaultExport, ...all('syntax')],
    '@typescript-eslint/no-restricted-imports': ['error', { paths: all('imports') }],
  };
}

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.elulmc/', 'models/training/']),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...Object.fromEntries(core.map((rule) => [rule, 'error'])),
      'no-console': 'error',
      'no-restricted-syntax': ['error', defaultExport],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'anywhere' }],
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'max-depth': ['error', 3],
      eqeqeq: 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$', ignoreRestSiblings: true }],
      // An index that may be absent is read as `T | undefined` (noUncheckedIndexedAccess); process.env['NAME'] must stand in brackets.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
    },
  },
  { files: ['src/**'], rules: restrict(clock, environment, exit, visibleImports, builtFiles) },
  { files: ['src/core/clock.ts'], rules: restrict(environment, exit, visibleImports, builtFiles) },
  { files: ['src/core/environment.ts'], rules: restrict(clock, exit, visibleImports, builtFiles) },
  { files: ['src/app.ts', 'src/app/**'], rules: restrict(clock, environment, visibleImports, builtFiles) },
  {
    // Fakes keep an async interface with nothing to wait for, and clients of today still send deprecated fields.
    files: ['test/**'],
    rules: { '@typescript-eslint/require-await': 'off', '@typescript-eslint/no-deprecated': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  { files: ['src/cli/output.ts', 'bench/**', 'scripts/**', 'test/conformance/**'], rules: { 'no-console': 'off' } },
  { files: ['*.config.{js,ts}', '.dependency-cruiser.js'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
