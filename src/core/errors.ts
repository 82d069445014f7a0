import type { ErrorRow } from './error-row.ts';
import type { ExitCode } from './exit-codes.ts';
import { newId } from './ids.ts';
import { APPROVAL_ERRORS } from './approval-errors.ts';
import { ARTIFACT_ERRORS } from './artifact-errors.ts';
import { CHANGE_ERRORS } from './change-errors.ts';
import { OPERATION_ERRORS } from './operation-errors.ts';
import { PEOPLE_ERRORS } from './people-errors.ts';
import { REQUEST_ERRORS } from './request-errors.ts';
import { RUN_ERRORS } from './run-errors.ts';

/** Every error that this program can answer with. docs/errors.md is generated from it. */
export const ERRORS = { ...REQUEST_ERRORS, ...OPERATION_ERRORS, ...PEOPLE_ERRORS, ...APPROVAL_ERRORS, ...CHANGE_ERRORS, ...RUN_ERRORS, ...ARTIFACT_ERRORS };

export type ErrorCode = keyof typeof ERRORS;

/** An error that means "could not do". Expected outcomes (findings, refusals by a gate) are values instead. */
export class ElulmcError extends Error {
  readonly code: ErrorCode;
  /** Random, given to the caller and written to the log, so that both can be matched. */
  readonly id: string;
  /** The input field or option at fault, where there is one. */
  readonly field: string | undefined;
  /** When it is worth trying again, RFC 3339; null when waiting does not help, undefined when nobody knows. */
  readonly retryAt: string | null | undefined;

  constructor(code: ErrorCode, detail: string, options: { readonly cause?: unknown; readonly field?: string; readonly retryAt?: string | null } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ElulmcError';
    this.code = code;
    this.id = newId('err');
    this.field = options.field;
    this.retryAt = options.retryAt;
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
