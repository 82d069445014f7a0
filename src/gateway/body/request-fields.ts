import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import { jsonMembers } from './json-members.ts';

/** What the gateway reads of a request's body; everything else passes unread. */
export interface RequestFields {
  /** Undefined when the body names no model. */
  readonly model: string | undefined;
  readonly stream: boolean;
  /** The client asked for the usage event of a stream itself. */
  readonly wantsUsage: boolean;
  readonly streamOptions: Readonly<Record<string, unknown>> | undefined;
  /** Most tokens that the answer may have, over all choices; null when the client does not say. */
  readonly maxTokens: number | null;
  /** The end user that the client names, for the record; null when it names none. */
  readonly user: string | null;
}

const MAX_NAME = 256;
const TOKEN_FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;
const MODEL_KEY = Buffer.from('"model"');

function invalid(field: string, must: string): ElulmcError {
  return new ElulmcError('FIELD_INVALID', `"${field}" must be ${must}.`, { field });
}

function positive(body: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(field, 'a whole number that is not negative');
  return value;
}

function parseBody(bytes: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ElulmcError('BODY_NOT_JSON', 'The body cannot be parsed as JSON.', { cause: error });
  }
  const record = asRecord(parsed);
  if (record === undefined) throw new ElulmcError('BODY_NOT_JSON', 'The body is JSON, but not an object.');
  return record;
}

/** Two members of one name are read differently by different servers: the model checked must be the model served. */
function refuseDuplicateModel(bytes: Buffer): void {
  const first = bytes.indexOf(MODEL_KEY);
  if (first < 0 || bytes.indexOf(MODEL_KEY, first + MODEL_KEY.length) < 0) return;
  if (jsonMembers(bytes).filter((member) => member.name === 'model').length > 1) throw invalid('model', 'given once');
}

/** Reads the body of an inference request. BODY_NOT_JSON or FIELD_INVALID (names the field) when it cannot be used. */
export function readRequestFields(bytes: Buffer): RequestFields {
  const body = parseBody(bytes);
  const { model, stream, user } = body;
  if (model !== undefined && model !== null && (typeof model !== 'string' || model === '' || model.length > MAX_NAME))
    throw invalid('model', `a name of at most ${String(MAX_NAME)} characters`);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') throw invalid('stream', 'true or false');
  refuseDuplicateModel(bytes);
  const streamOptions = asRecord(body['stream_options']);
  const tokens = TOKEN_FIELDS.map((field) => positive(body, field)).find((value) => value !== undefined);
  return {
    model: typeof model === 'string' ? model : undefined,
    stream: stream === true,
    wantsUsage: streamOptions?.['include_usage'] === true,
    streamOptions,
    maxTokens: tokens === undefined ? null : tokens * Math.max(1, positive(body, 'n') ?? 1),
    user: typeof user === 'string' ? user.slice(0, MAX_NAME) : null,
  };
}
