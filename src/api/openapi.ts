import { z } from 'zod';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';

type JsonObject = Record<string, unknown>;

const problem: JsonObject = {
  description: 'RFC 9457. docs/errors.md lists the codes.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function schemaOf(type: z.ZodType, io: 'input' | 'output'): JsonObject {
  const schema: JsonObject = { ...z.toJSONSchema(type, { target: 'draft-2020-12', io }) };
  delete schema['$schema'];
  return schema;
}

function operationPath(declaration: OperationDeclaration): JsonObject {
  const { room, name, summary, description, permission, risk, approvals } = declaration;
  return {
    post: {
      operationId: `${room}.${name}`,
      tags: [room],
      summary,
      description: `${description}\n\nPermission: ${permission}. Risk: ${risk}. Approvals: ${String(approvals)}.`,
      parameters: [{ $ref: '#/components/parameters/RunId' }, { $ref: '#/components/parameters/DryRun' }],
      requestBody: { required: !declaration.input.safeParse({}).success, content: { 'application/json': { schema: schemaOf(declaration.input, 'input') } } },
      responses: {
        200: {
          description: 'The operation could do its work; `verdict` and `exit` say what it found.',
          content: {
            'application/json': {
              schema: {
                allOf: [
                  { $ref: '#/components/schemas/Report' },
                  { type: 'object', properties: { output: { anyOf: [schemaOf(declaration.output, 'output'), { type: 'null' }] } } },
                ],
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

const position: JsonObject = {
  anyOf: [{ type: 'object', required: ['log', 'index'], properties: { log: { type: 'string' }, index: { type: 'integer' } } }, { type: 'null' }],
};
const texts: JsonObject = { type: 'array', items: { type: 'string' } };

const components: JsonObject = {
  securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Token of a person (elp_...) or the local token of the host.' } },
  parameters: {
    RunId: {
      name: 'x-run-id',
      in: 'header',
      description: 'Calls with the same run id are one call: a change is performed once.',
      schema: { type: 'string', pattern: '^run_[0-9a-z]{26}$' },
    },
    DryRun: { name: 'dry-run', in: 'query', description: 'Plan only: say what would change.', schema: { type: 'string', enum: ['true', 'false', ''] } },
  },
  schemas: {
    Report: {
      type: 'object',
      required: ['runId', 'operation', 'dryRun', 'verdict', 'exit', 'summary', 'plan', 'planSha256', 'output', 'startedAt', 'tookMs', 'recorded', 'entries'],
      properties: {
        runId: { type: 'string' },
        operation: { type: 'string' },
        dryRun: { type: 'boolean' },
        verdict: { enum: ['ok', 'finding', 'inconclusive'] },
        exit: { type: 'integer', description: 'Exit code of the command line: 0, 3 or 8.' },
        summary: { type: 'string' },
        plan: { type: 'object', required: ['changes', 'notes'], properties: { changes: texts, notes: texts } },
        planSha256: { type: 'string', description: 'Lower-case hex SHA-256 over canonical JSON of operation, inputs without secrets, and changes.' },
        output: {},
        startedAt: { type: 'string', format: 'date-time' },
        tookMs: { type: 'number' },
        recorded: { enum: ['ledger', 'spool', 'none'] },
        entries: { type: 'object', required: ['intent', 'done'], properties: { intent: position, done: position } },
      },
    },
    Problem: {
      type: 'object',
      required: ['type', 'title', 'status', 'detail', 'code', 'help', 'id', 'exit', 'error'],
      properties: {
        type: { type: 'string' },
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string' },
        code: { type: 'string' },
        help: { type: 'string' },
        id: { type: 'string', description: 'Also in the log.' },
        exit: { type: 'integer' },
        field: { type: 'string' },
        error: { type: 'object' },
      },
    },
  },
};

function simple(method: 'get' | 'post', summary: string, isPublic: boolean): JsonObject {
  return { [method]: { summary, ...(isPublic ? { security: [] } : {}), responses: { 200: { description: 'OK' }, default: problem } } };
}

/** The OpenAPI 3.1 document of the control API, from the declarations. Loads every operation. */
export async function buildOpenApi(catalogue: readonly CatalogueEntry[], version: string): Promise<JsonObject> {
  const declarations = await Promise.all(catalogue.map((entry) => entry.load()));
  const operations = declarations.map((declaration) => [`/v1/operations/${declaration.room}/${declaration.name}`, operationPath(declaration)] as const);
  return {
    openapi: '3.1.0',
    info: { title: 'ELULMC control API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ bearer: [] }],
    paths: {
      '/health': simple('get', 'Whether the control plane can work.', true),
      '/openapi.json': simple('get', 'This document.', true),
      '/v1/me': simple('get', 'Who the caller is.', false),
      '/v1/operations': simple('get', 'The catalogue.', false),
      '/v1/sign-in': simple('post', 'Redeem a sign-in link: {secret, name, publicKey} gives {person, token}.', true),
      ...Object.fromEntries(operations),
    },
    components,
  };
}
