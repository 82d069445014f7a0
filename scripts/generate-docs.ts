/**
 * Writes the documents that come from the declarations: docs/commands/<room>.md, docs/errors.md, docs/openapi.json.
 * `node scripts/generate-docs.ts`; test/operations/generated-docs.test.ts fails when they are stale.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { buildOpenApi } from '../src/api/openapi.ts';
import { ERRORS } from '../src/core/errors.ts';
import { catalogue } from '../src/operations/catalogue.ts';
import type { OperationDeclaration } from '../src/operations/declaration.ts';

interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly items?: { readonly type?: string };
}

const RISKS = { read: 'changes nothing', change: 'changes something that can be undone', destroy: 'cannot be undone' } as const;

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function kebab(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function typeText({ type, enum: values, items }: FieldSchema): string {
  if (values !== undefined) return values.join(', ');
  return type === 'array' ? `list of ${items?.type ?? 'values'}` : (type ?? 'value');
}

function optionRows(declaration: OperationDeclaration): readonly string[] {
  const schema = z.toJSONSchema(declaration.input, { io: 'input' });
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([field, property]) => {
    const fieldSchema = property as FieldSchema;
    // The flag of what is on by default takes it away.
    const flag = fieldSchema.default === true ? `--no-${kebab(field)}` : `--${kebab(field)}`;
    const name = declaration.positional?.includes(field) === true ? `\`[${kebab(field)}]\`` : `\`${flag}\``;
    const fallback = fieldSchema.default === undefined || typeof fieldSchema.default === 'boolean' ? '' : ` Default: ${String(fieldSchema.default)}.`;
    const parameter = declaration.parameters?.[field];
    const fromRunbook = parameter === undefined ? '' : ` In a runbook also \`--set ${parameter}=...\`.`;
    return `| ${name}${required.has(field) ? ' (required)' : ''} | ${cell(typeText(fieldSchema))} | ${cell(fieldSchema.description ?? '')}${cell(fallback)}${fromRunbook} |`;
  });
}

function whereText({ local }: OperationDeclaration): string {
  if (local === 'always') return 'in the process of the command line, from files';
  if (local === 'fallback') return 'in the control plane; in the process of the command line, from files, when none answers';
  return 'in the control plane';
}

/** Guides that show a run of the operation, by the line that was typed. */
function guidesOf({ room, name }: OperationDeclaration, guides: ReadonlyMap<string, string>): readonly string[] {
  const typed = new RegExp(`^\\$ (\\S*/)?elulmc ${room} ${name}( |$)`, 'm');
  return [...guides].filter(([, text]) => typed.test(text)).map(([file]) => `[${file}](../guide/${file})`);
}

function operationSection(declaration: OperationDeclaration, guides: ReadonlyMap<string, string>): string {
  const { room, name, runbookLine, summary, description, risk, permission, approvals, frameworks, examples, errors, undo } = declaration;
  const rows = optionRows(declaration);
  const shown = guidesOf(declaration, guides);
  const facts = [
    ...(shown.length === 0 ? [] : [`Real runs: ${shown.join(', ')}`]),
    runbookLine === null ? 'In no runbook line of the document: its prose asks for it.' : `Runbook line: \`./${runbookLine}\``,
    `Risk: ${risk} (${RISKS[risk]}). Permission: ${permission}. Approvals: ${String(approvals)}.`,
    declaration.effectFirst === true ? 'The effect comes first, the record after it.' : 'Its intent is recorded before it is performed.',
    `Runs ${whereText(declaration)}. Route: \`POST /v1/operations/${room}/${name}\``,
    ...(frameworks.csf === undefined ? [] : [`NIST CSF 2.0: ${frameworks.csf}`]),
    ...(frameworks.atlas === undefined ? [] : [`MITRE ATLAS: ${frameworks.atlas.join(', ')}`]),
    ...(errors === undefined ? [] : [`Errors beside the usual: ${errors.join(', ')}`]),
    `To take it back: ${undo}`,
  ];
  const options = rows.length === 0 ? 'No options of its own.' : ['| option | value | meaning |', '|---|---|---|', ...rows].join('\n');
  return [`## ${name}`, summary, description, '```\n' + examples.join('\n') + '\n```', options, facts.map((fact) => `- ${fact}`).join('\n')].join('\n\n');
}

function readGuides(): ReadonlyMap<string, string> {
  const folder = join(import.meta.dirname, '../docs/guide');
  return new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

function errorTable(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { http, exit, retry, title, help }]) =>
      `| \`${code}\` | ${String(http)} | ${String(exit)} | ${retry === 'no' ? 'no' : 'yes, later'} | ${cell(title)} | ${cell(help)} |`,
  );
  return [
    '# Errors',
    'Every error that ELULMC answers with: over HTTP as RFC 9457 problem (member `code`), on the command line as code, sentence, help and id. Generated from `src/core/errors.ts` by `node scripts/generate-docs.ts`.',
    ['| code | HTTP | exit | retry | meaning | what to do |', '|---|---|---|---|---|---|', ...rows].join('\n'),
    '',
  ].join('\n\n');
}

/** Every generated document: path below the checkout -> content. */
export async function generateDocs(version: string): Promise<ReadonlyMap<string, string>> {
  const guides = readGuides();
  const declarations = await Promise.all(catalogue.map((entry) => entry.load()));
  const documents = new Map<string, string>();
  for (const room of new Set(declarations.map((declaration) => declaration.room))) {
    const sections = declarations.filter((declaration) => declaration.room === room).map((declaration) => operationSection(declaration, guides));
    const title = `# elulmc ${room}`;
    const origin =
      'Generated from the declarations in `src/operations/` by `node scripts/generate-docs.ts`. Every command also takes `--json` and, where it changes something, `--dry-run`.';
    documents.set(`docs/commands/${room}.md`, [title, origin, ...sections].join('\n\n') + '\n');
  }
  documents.set('docs/errors.md', errorTable().trimEnd() + '\n');
  documents.set('docs/openapi.json', JSON.stringify(await buildOpenApi(catalogue, version), undefined, 2) + '\n');
  return documents;
}

/** The version that the documents name. */
export function packageVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = join(import.meta.dirname, '..');
  for (const [path, content] of await generateDocs(packageVersion(root))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
