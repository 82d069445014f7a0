import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ElulmcError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { OperationCall } from '../operations/report.ts';

/** What allows a call. */
export type CallPermit = Pick<OperationCall, 'approval' | 'breakGlass' | 'change'>;

/** Under commander's names. */
export interface PermitFlags {
  readonly approvalToken?: string;
  readonly approvalTokenFile?: string;
  readonly approval?: string;
  readonly breakGlass?: string;
  readonly change?: string;
}

/** A token travels in a header, and servers limit those. */
const MOST_TOKEN_CHARACTERS = 48_000;

/** Options of every operation that changes something. */
export function addPermitOptions(command: Command, { risk, partOfApproving }: OperationDeclaration): void {
  if (risk === 'read' || partOfApproving === true) return;
  command.option('--approval <request>', 'use the approval of this request (apr_...)');
  command.option('--approval-token <token>', 'use the approval that this token proves');
  command.option('--approval-token-file <path>', 'the same, read from a file, - for stdin');
  command.option('--break-glass <reason>', 'perform without approvals and through windows; another person reviews it afterwards');
  command.option('--change <change>', 'the scheduled change (chg_...) that this call belongs to');
}

function tokenFromFile(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').trim();
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `--approval-token-file: ${path} cannot be read`, { cause: error, field: 'approval-token' });
  }
}

/** USAGE for a token that cannot be sent. */
export function tokenApproval(token: string): NonNullable<OperationCall['approval']> {
  if (token.length <= MOST_TOKEN_CHARACTERS) return { token };
  throw new ElulmcError('USAGE', `the token has ${String(token.length)} characters, too many to be sent; name its request with --approval apr_...`, {
    field: 'approval-token',
  });
}

/** The approval, break-glass reason and change that were given. USAGE or FIELD_INVALID names the option at fault. */
export function readPermit(flags: PermitFlags): CallPermit {
  const { approval: request, breakGlass, change } = flags;
  const given = [flags.approval, flags.approvalToken, flags.approvalTokenFile].filter((flag) => flag !== undefined);
  if (given.length > 1)
    throw new ElulmcError('USAGE', '--approval, --approval-token and --approval-token-file name one approval: give one of them', { field: 'approval' });
  if (request !== undefined && !isId('apr', request))
    throw new ElulmcError('FIELD_INVALID', '--approval is not an id of the form apr_...', { field: 'approval' });
  if (change !== undefined && !isId('chg', change)) throw new ElulmcError('FIELD_INVALID', '--change is not an id of the form chg_...', { field: 'change' });
  const token = flags.approvalTokenFile === undefined ? flags.approvalToken : tokenFromFile(flags.approvalTokenFile);
  if (token === '') throw new ElulmcError('FIELD_INVALID', '--approval-token is empty', { field: 'approval-token' });
  const approval = request !== undefined ? { request } : token !== undefined ? tokenApproval(token) : undefined;
  return { approval, breakGlass, change };
}

/** The headers that say so to the control API. */
export function permitHeaders({ approval, breakGlass, change }: CallPermit): Readonly<Record<string, string>> {
  return {
    ...(approval === undefined ? {} : 'token' in approval ? { 'x-approval-token': approval.token } : { 'x-approval-request': approval.request }),
    ...(breakGlass === undefined ? {} : { 'x-break-glass': encodeURIComponent(breakGlass) }),
    ...(change === undefined ? {} : { 'x-change': change }),
  };
}
