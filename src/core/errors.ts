import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { newId } from './ids.ts';

/** One row of the error table: how the same fact is said over HTTP, on the command line and to an OpenAI client. */
export interface ErrorRow {
  /** HTTP status. */
  readonly http: number;
  readonly exit: ExitCode;
  /** `no`: the same request cannot succeed (`x-should-retry: false`). `later`: it may (`retry-after`). */
  readonly retry: 'no' | 'later';
  /** `error.type` of the OpenAI error object. */
  readonly type: string;
  /** Short and constant: the RFC 9457 title. */
  readonly title: string;
  /** The next thing to do. */
  readonly help: string;
}

function row(http: number, exit: ExitCode, retry: 'no' | 'later', type: string, title: string, help: string): ErrorRow {
  return { http, exit, retry, type, title, help };
}

/** Every error that this program can answer with. docs/errors.md is generated from it. */
export const ERRORS = {
  // requests of model clients
  BODY_NOT_JSON: row(400, EXIT.usage, 'no', 'invalid_request_error', 'The body is not JSON.', 'Send a JSON object with content-type application/json.'),
  FIELD_INVALID: row(400, EXIT.usage, 'no', 'invalid_request_error', 'A field is invalid.', 'Correct the named field; --help lists the fields.'),
  MODEL_MISSING: row(
    400,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'The field "model" is missing.',
    'Name a model in "model"; GET /v1/models lists those that this key may use.',
  ),
  BODY_TOO_LARGE: row(413, EXIT.usage, 'no', 'invalid_request_error', 'The body is too large.', 'Send a smaller body.'),
  CONTENT_TYPE_UNSUPPORTED: row(
    415,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'The content type is not supported.',
    'Send content-type application/json without a content-encoding.',
  ),
  HEADERS_TOO_LARGE: row(431, EXIT.usage, 'no', 'invalid_request_error', 'The request headers are too large.', 'Send fewer or shorter headers.'),
  REQUEST_MALFORMED: row(400, EXIT.usage, 'no', 'invalid_request_error', 'The request is not valid HTTP.', 'Send a valid HTTP/1.1 request.'),
  REQUEST_TIMEOUT: row(408, EXIT.failed, 'later', 'invalid_request_error', 'The request did not arrive in time.', 'Send the whole request without pauses.'),
  KEY_MISSING: row(
    401,
    EXIT.notAllowed,
    'no',
    'authentication_error',
    'No API key was sent.',
    'Send "authorization: Bearer elk_..."; governance issue-key makes one.',
  ),
  KEY_MALFORMED: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The API key is malformed.', 'Send the whole key as it was shown when it was issued.'),
  KEY_UNKNOWN: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The API key is not known.', 'Ask an administrator for a key (governance issue-key).'),
  KEY_REVOKED: row(
    401,
    EXIT.notAllowed,
    'no',
    'authentication_error',
    'The API key was revoked.',
    'Ask an administrator for a new key (governance issue-key).',
  ),
  SESSION_INVALID: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The session token is not valid.', 'Get a new token from POST /v1/sessions.'),
  SESSION_EXPIRED: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The session token has expired.', 'Get a new token from POST /v1/sessions.'),
  SESSION_REVOKED: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The session was revoked.', 'Get a new token from POST /v1/sessions.'),
  MODEL_NOT_ALLOWED: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'This key may not use this model.',
    'GET /v1/models lists the models that this key may use.',
  ),
  MODEL_UNKNOWN: row(404, EXIT.usage, 'no', 'invalid_request_error', 'The model does not exist.', 'GET /v1/models lists the models that this key may use.'),
  ROUTE_UNKNOWN: row(
    404,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'This path is not served.',
    'The gateway serves /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses, /v1/models, /v1/sessions and configured paths.',
  ),
  METHOD_NOT_ALLOWED: row(
    405,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'This method is not served here.',
    'Use the method that the path is documented with.',
  ),
  ENDPOINT_UNSUPPORTED: row(
    501,
    EXIT.inconclusive,
    'no',
    'invalid_request_error',
    'The upstream of this model does not offer this endpoint.',
    'Use an endpoint that the engine serves, or route the model to another engine.',
  ),
  CONCURRENCY_LIMITED: row(429, EXIT.failed, 'later', 'rate_limit_error', 'This key has too many requests running.', 'Wait for a running request to end.'),
  REQUESTS_LIMITED: row(
    429,
    EXIT.failed,
    'later',
    'rate_limit_error',
    'This key has used its requests of this minute.',
    'Retry after the time in retry-after.',
  ),
  TOKENS_LIMITED: row(
    429,
    EXIT.failed,
    'later',
    'rate_limit_error',
    'This key has used its tokens of this minute.',
    'Retry after the time in retry-after, or ask for fewer max_tokens.',
  ),
  // posture
  ISOLATED: row(
    503,
    EXIT.failed,
    'no',
    'service_unavailable',
    'This service is isolated by its operators.',
    'Do not retry; ask the operators of this service.',
  ),
  POSTURE_STALE: row(
    503,
    EXIT.failed,
    'later',
    'service_unavailable',
    'The gateway has lost its lease and serves nothing until it is renewed.',
    'Retry shortly.',
  ),
  REVOKED: row(401, EXIT.notAllowed, 'no', 'authentication_error', 'The credential of this request was revoked while it ran.', 'Get a new session or key.'),
  LEDGER_UNAVAILABLE: row(
    503,
    EXIT.failed,
    'later',
    'service_unavailable',
    'The request cannot be recorded, so it is not served.',
    'Retry shortly; operators: elulmc doctor.',
  ),
  LEDGER_UNTRUSTED: row(
    503,
    EXIT.integrityViolation,
    'no',
    'service_unavailable',
    "This gateway's log is behind what its witness has seen.",
    'Operators: elulmc audits verify-log, then docs/guide/ledger.md.',
  ),
  GATEWAY_STOPPING: row(503, EXIT.failed, 'later', 'service_unavailable', 'The gateway is stopping.', 'Retry shortly.'),
  // upstreams
  UPSTREAM_UNAVAILABLE: row(
    502,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The model server cannot be reached.',
    'Retry shortly; operators: elulmc deployment check-model-load.',
  ),
  UPSTREAM_TIMEOUT: row(
    504,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The model server did not answer in time.',
    'Retry shortly; operators: elulmc deployment check-model-load.',
  ),
  UPSTREAM_INVALID: row(
    502,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The model server gave an answer that is not valid.',
    'Operators: look at the model server named in the log entry.',
  ),
  UPSTREAM_TOO_LARGE: row(502, EXIT.upstreamUnavailable, 'no', 'api_error', 'The answer of the model server is too large.', 'Ask for fewer tokens, or stream.'),
  UPSTREAM_INTERRUPTED: row(
    502,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The model server broke off its answer.',
    'Retry; the partial answer is not complete.',
  ),
  MODEL_NOT_LOADED: row(
    503,
    EXIT.upstreamUnavailable,
    'later',
    'service_unavailable',
    'The model is not in memory.',
    'Wait until it is loaded; a model that sleeps is loaded by POST /wake_up.',
  ),
  // operations
  USAGE: row(400, EXIT.usage, 'no', 'invalid_request_error', 'The command is not used correctly.', 'See --help.'),
  OPERATION_UNKNOWN: row(404, EXIT.usage, 'no', 'invalid_request_error', 'There is no such operation.', 'elulmc --help lists the operations.'),
  OPERATION_FAILED: row(500, EXIT.failed, 'later', 'api_error', 'The operation failed.', 'See the detail; the run id is in the ledger.'),
  INTERRUPTED: row(503, EXIT.interrupted, 'later', 'api_error', 'The operation was interrupted.', 'Run it again: what was applied already is not applied twice.'),
  NOT_SIGNED_IN: row(
    401,
    EXIT.notAllowed,
    'no',
    'authentication_error',
    'This needs a person who is signed in.',
    'Sign in: elulmc sign-in LINK (an administrator makes links with elulmc governance invite --role ROLE).',
  ),
  NOT_ALLOWED: row(403, EXIT.notAllowed, 'no', 'permission_error', 'Your role does not allow this.', 'Ask somebody with the named role.'),
  APPROVAL_MISSING: row(403, EXIT.approvalMissing, 'no', 'permission_error', 'This operation needs an approval.', 'Ask for approvals before you run it.'),
  INVITATION_INVALID: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'This link was used already, has expired or never existed.',
    'Ask an administrator for a new one: elulmc governance invite --role ROLE.',
  ),
  KILLSWITCH_PRESENT: row(
    409,
    EXIT.failed,
    'no',
    'invalid_request_error',
    'The kill-switch file of this host is in place.',
    'Lift it first: elulmc deployment resume-operations --kill-switch.',
  ),
  CONFLICT: row(409, EXIT.failed, 'later', 'invalid_request_error', 'The state changed meanwhile.', 'Look at the state and run the command again.'),
  NOT_FOUND: row(404, EXIT.usage, 'no', 'invalid_request_error', 'There is no such object.', 'See the detail for the name that was looked for.'),
  CONTROL_UNREACHABLE: row(
    503,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The control plane cannot be reached.',
    'Start it: npm start. In an emergency: elulmc security emergency-isolation works without it.',
  ),
  DATABASE_UNAVAILABLE: row(503, EXIT.upstreamUnavailable, 'later', 'api_error', 'The database cannot be reached.', 'elulmc doctor says what is wrong.'),
  HOST_NOT_ALLOWED: row(
    421,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'The Host header does not name this server.',
    'Use the address that the control plane listens on (control.host in config.yaml).',
  ),
  SIGN_IN_LIMITED: row(429, EXIT.failed, 'later', 'rate_limit_error', 'There were too many sign-in attempts.', 'Wait a minute and try again.'),
  // runbooks
  RUNBOOK_INVALID: row(400, EXIT.usage, 'no', 'invalid_request_error', 'The runbook cannot be read.', 'elulmc runbook check FILE shows what was understood.'),
  RUNBOOK_STEP_UNBOUND: row(
    400,
    EXIT.usage,
    'no',
    'invalid_request_error',
    'A command of the runbook belongs to no operation.',
    'elulmc runbook check FILE lists every line and what it binds to.',
  ),
  // installation
  CONFIG_INVALID: row(
    500,
    EXIT.usage,
    'no',
    'api_error',
    'The configuration is not valid.',
    'Correct the named field of config.yaml; elulmc doctor checks it.',
  ),
  HOME_IN_USE: row(409, EXIT.failed, 'no', 'api_error', 'Another process uses this home.', 'Stop the named process, or use another ELULMC_HOME.'),
  PORT_IN_USE: row(409, EXIT.failed, 'no', 'api_error', 'The port is taken.', 'Set ELULMC_GATEWAY_PORT or ELULMC_CONTROL_PORT to a free port.'),
  KEY_FILE_UNSAFE: row(
    500,
    EXIT.failed,
    'no',
    'api_error',
    'A key file can be read by others, or is damaged.',
    'chmod 600 the named file (and 700 its folder); replace it if others may have read it.',
  ),
  START_FAILED: row(
    500,
    EXIT.failed,
    'later',
    'api_error',
    'A part of the installation did not start.',
    'elulmc doctor says what is wrong; the log is named in the detail.',
  ),
  // ledger
  LEDGER_LOCKED: row(409, EXIT.failed, 'later', 'api_error', 'Another process writes this log.', 'Stop the named process.'),
  LEDGER_FULL: row(503, EXIT.failed, 'later', 'api_error', 'The log cannot take more entries now.', 'Free disk space, or wait for the writer.'),
  ENTRY_TOO_LARGE: row(
    413,
    EXIT.failed,
    'no',
    'invalid_request_error',
    'A log entry is too large.',
    'An entry holds at most 65,535 bytes of JSON: store large things elsewhere and name them by digest.',
  ),
  INTEGRITY_VIOLATION: row(
    500,
    EXIT.integrityViolation,
    'no',
    'api_error',
    'What is stored does not agree with what was signed.',
    'Do not delete anything; elulmc audits verify-log names the first place that differs.',
  ),
  LOG_UNREADABLE: row(500, EXIT.failed, 'no', 'api_error', 'The log cannot be read.', 'Check the path; a log folder holds checkpoint, vkey and tile/.'),
  INTERNAL: row(500, EXIT.failed, 'later', 'api_error', 'An unexpected error happened.', 'Report it with the id; the id is in the log.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** An error that means "could not do". Expected outcomes (findings, refusals by a gate) are values instead. */
export class ElulmcError extends Error {
  readonly code: ErrorCode;
  /** Random, given to the caller and written to the log, so that both can be matched. */
  readonly id: string;
  /** The input field or option at fault, where there is one. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, detail: string, options: { readonly cause?: unknown; readonly field?: string } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ElulmcError';
    this.code = code;
    this.id = newId('err');
    this.field = options.field;
  }

  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}

/** RFC 9457 body with the extra member `error` that OpenAI clients read. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly help: string;
  readonly id: string;
  readonly exit: ExitCode;
  readonly field?: string;
  readonly error: { readonly message: string; readonly type: string; readonly code: string; readonly request_id: string };
}

/** `requestId` is the id that the caller sees in x-request-id; operations pass the error's own id. */
export function toProblem(error: ElulmcError, requestId: string = error.id): Problem {
  const { http, title, help, type, exit } = error.row;
  return {
    type: `urn:elulmc:error:${error.code}`,
    title,
    status: http,
    detail: error.message,
    code: error.code,
    help,
    id: error.id,
    exit,
    ...(error.field === undefined ? {} : { field: error.field }),
    error: { message: error.message, type, code: error.code, request_id: requestId },
  };
}

/** Wraps anything thrown into an ElulmcError, once, at the border of a layer. */
export function asElulmcError(thrown: unknown, code: ErrorCode = 'INTERNAL'): ElulmcError {
  if (thrown instanceof ElulmcError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ElulmcError(code, message, { cause: thrown });
}
