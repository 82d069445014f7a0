type JsonObject = Record<string, unknown>;

function header(name: string, description: string): JsonObject {
  return { name, in: 'header', description, schema: { type: 'string' } };
}

const position: JsonObject = {
  anyOf: [{ type: 'object', required: ['log', 'index'], properties: { log: { type: 'string' }, index: { type: 'integer' } } }, { type: 'null' }],
};
const texts: JsonObject = { type: 'array', items: { type: 'string' } };

export const components = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', description: 'Token of a person (elp_...) or the local token of the host.' },
    browser: {
      type: 'apiKey',
      in: 'cookie',
      name: '__Host-elulmc_session',
      description: 'Session of a browser; only for pages of this server. On localhost elulmc_session_PORT.',
    },
  },
  parameters: {
    RunId: {
      name: 'x-run-id',
      in: 'header',
      description: 'Calls with the same run id are one call: a change is performed once.',
      schema: { type: 'string', pattern: '^run_[0-9a-z]{26}$' },
    },
    Run: { name: 'id', in: 'path', required: true, description: 'Id of a run (run_...).', schema: { type: 'string' } },
    ApprovalToken: header('x-approval-token', 'Token of an approved request: base64url of its signed envelope.'),
    ApprovalRequest: header('x-approval-request', 'Id of an approved request; instead of the token.'),
    BreakGlass: header('x-break-glass', 'Reason, percent-encoded UTF-8: perform without approvals and through windows; reviewed afterwards.'),
    Change: header('x-change', 'Id of the scheduled change that the call belongs to (chg_...).'),
    DryRun: { name: 'dry-run', in: 'query', description: 'Plan only: say what would change.', schema: { type: 'string', enum: ['true', 'false', ''] } },
  },
  schemas: {
    Report: {
      type: 'object',
      required: [
        'runId',
        'operation',
        'dryRun',
        'verdict',
        'exit',
        'summary',
        'plan',
        'planSha256',
        'output',
        'startedAt',
        'tookMs',
        'approval',
        'recorded',
        'entries',
      ],
      properties: {
        runId: { type: 'string' },
        operation: { type: 'string' },
        dryRun: { type: 'boolean' },
        verdict: { enum: ['ok', 'finding', 'violation', 'inconclusive'] },
        exit: { type: 'integer', description: 'Exit code of the command line: 0, 3 or 8.' },
        summary: { type: 'string' },
        plan: { type: 'object', required: ['changes', 'notes'], properties: { changes: texts, notes: texts } },
        planSha256: { type: 'string', description: 'Lower-case hex SHA-256 over canonical JSON of operation, inputs without secrets, and changes.' },
        output: {},
        startedAt: { type: 'string', format: 'date-time' },
        tookMs: { type: 'number' },
        approval: {
          anyOf: [{ type: 'object', required: ['request', 'people'], properties: { request: { type: 'string' }, people: texts } }, { type: 'null' }],
        },
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
