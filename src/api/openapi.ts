import { z } from 'zod';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import { components } from './openapi-components.ts';

type JsonObject = Record<string, unknown>;

const CALL_PARAMETERS: readonly JsonObject[] = ['RunId', 'DryRun', 'ApprovalToken', 'ApprovalRequest', 'BreakGlass', 'Change'].map((name) => ({
  $ref: `#/components/parameters/${name}`,
}));

const problem: JsonObject = {
  description: 'RFC 9457. docs/errors.md lists the codes.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** The schema; what it defines for itself goes to `shared`, for references are looked up in the whole document. */
function schemaOf(type: z.ZodType, io: 'input' | 'output', owner: string, shared: JsonObject): JsonObject {
  const { $schema: _dialect, $defs: definitions = {}, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12', io });
  const moved = (part: unknown): JsonObject => JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', `"#/components/schemas/${owner}.`)) as JsonObject;
  for (const [name, definition] of Object.entries(definitions)) shared[`${owner}.${name}`] = moved(definition);
  return moved(schema);
}

function operationPath(declaration: OperationDeclaration, shared: JsonObject): JsonObject {
  const { room, name, summary, description, permission, risk, approvals } = declaration;
  const input = schemaOf(declaration.input, 'input', `${room}.${name}.input`, shared);
  const output = schemaOf(declaration.output, 'output', `${room}.${name}.output`, shared);
  return {
    post: {
      operationId: `${room}.${name}`,
      tags: [room],
      summary,
      description: `${description}\n\nPermission: ${permission}. Risk: ${risk}. Approvals: at least ${String(approvals)}.`,
      parameters: CALL_PARAMETERS,
      requestBody: { required: !declaration.input.safeParse({}).success, content: { 'application/json': { schema: input } } },
      responses: {
        200: {
          description: 'The operation could do its work; `verdict` and `exit` say what it found.',
          content: {
            'application/json': {
              schema: {
                allOf: [{ $ref: '#/components/schemas/Report' }, { type: 'object', properties: { output: { anyOf: [output, { type: 'null' }] } } }],
              },
            },
            'text/event-stream': {
              schema: { type: 'string', description: 'Events `progress` {text}, then one `result` (the report) or `error` (a problem).' },
            },
          },
        },
        default: problem,
      },
    },
  };
}

type Simple = readonly [method: 'get' | 'post', path: string, summary: string, access?: 'public'];

const SIMPLE: readonly Simple[] = [
  ['get', '/health', 'Whether the control plane can work, leads or stands by.', 'public'],
  ['get', '/openapi.json', 'This document.', 'public'],
  ['get', '/v1/me', 'Who the caller is, and which break-glass calls wait for a review.'],
  ['get', '/v1/operations', 'The catalogue.'],
  ['post', '/v1/sign-in', 'Redeem a sign-in link: {secret, name, publicKey} gives {person, token}.', 'public'],
  ['post', '/v1/sign-in/device', 'Begin to sign a command line in: {name?, publicKey} gives {deviceCode, userCode, verificationUrl}.', 'public'],
  ['post', '/v1/sign-in/device/token', 'Ask whether it was confirmed: {deviceCode} gives {person, token}.', 'public'],
  ['post', '/v1/runbooks/check', 'Which lines of a runbook bind to operations.'],
  ['post', '/v1/runbooks/plan', 'What each step of a runbook would change.'],
  ['get', '/v1/runbooks/schedules', 'Schedules: when each is due, its last run, and what is in its way.'],
  ['get', '/v1/runbooks/runs', 'Runs, newest first.'],
  ['post', '/v1/runbooks/runs', 'Start a run; the same runId is the same run.'],
  ['get', '/v1/runbooks/runs/{id}', 'A run with its steps.'],
  ['get', '/v1/runbooks/runs/{id}/events', 'The same as server-sent events, at each change.'],
  ['get', '/v1/runbooks/runs/{id}/export', 'A run as a Markdown report with ledger proofs.'],
  ['post', '/v1/runbooks/runs/{id}/answer', 'Answer the step that waits: {step, decision, note, file?}.'],
  ['post', '/v1/runbooks/runs/{id}/resume', 'Go on from the step that failed: {step?: retry or skip, parameters?}.'],
  ['post', '/v1/runbooks/runs/{id}/abort', 'End a run: {undo, reason}.'],
];

function simplePaths(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [method, path, summary, access] of SIMPLE) {
    const parameters = path.includes('{id}') ? { parameters: [{ $ref: '#/components/parameters/Run' }] } : {};
    const security = access === 'public' ? { security: [] } : {};
    paths[path] = { ...paths[path], [method]: { summary, ...parameters, ...security, responses: { 200: { description: 'OK' }, default: problem } } };
  }
  return paths;
}

/** The OpenAPI 3.1 document of the control API, from the declarations. Loads every operation. */
export async function buildOpenApi(catalogue: readonly CatalogueEntry[], version: string): Promise<JsonObject> {
  const declarations = await Promise.all(catalogue.map((entry) => entry.load()));
  const shared: JsonObject = {};
  const operations = declarations.map((declaration) => [`/v1/operations/${declaration.room}/${declaration.name}`, operationPath(declaration, shared)] as const);
  return {
    openapi: '3.1.0',
    info: { title: 'ELULMC control API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ bearer: [] }, { browser: [] }],
    paths: { ...simplePaths(), ...Object.fromEntries(operations) },
    components: { ...components, schemas: { ...components.schemas, ...shared } },
  };
}
