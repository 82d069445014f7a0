import type { FastifyRequest } from 'fastify';
import { ElulmcError } from '../core/errors.ts';
import type { OperationCall } from '../operations/report.ts';

function single(request: FastifyRequest, name: string): string | undefined {
  const header = request.headers[name];
  if (Array.isArray(header)) throw new ElulmcError('FIELD_INVALID', `${name} was sent more than once`, { field: name });
  return header === '' ? undefined : header;
}

function decoded(text: string | undefined, name: string): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `${name} is not percent-encoded UTF-8`, { cause: error, field: name });
  }
}

/**
 * What allows a call: `x-approval-token` or `x-approval-request`, `x-break-glass` (a reason, percent-encoded UTF-8), `x-change`;
 * and its `x-run-id`. FIELD_INVALID names the header at fault.
 */
export function readCallHeaders(request: FastifyRequest): Pick<OperationCall, 'runId' | 'approval' | 'breakGlass' | 'change'> {
  const token = single(request, 'x-approval-token');
  const id = single(request, 'x-approval-request');
  if (token !== undefined && id !== undefined)
    throw new ElulmcError('FIELD_INVALID', 'x-approval-token and x-approval-request name one approval: send one of them', { field: 'x-approval-token' });
  return {
    runId: single(request, 'x-run-id'),
    approval: token !== undefined ? { token } : id !== undefined ? { request: id } : undefined,
    breakGlass: decoded(single(request, 'x-break-glass'), 'x-break-glass'),
    change: single(request, 'x-change'),
  };
}
