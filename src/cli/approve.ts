import { createHash } from 'node:crypto';
import { ElulmcError } from '../core/errors.ts';
import { readKeyFile } from '../core/ed25519-file.ts';
import { newId } from '../core/ids.ts';
import { asRecord } from '../core/json.ts';
import type { ApprovalStatement } from '../services/approvals/service.ts';
import { signWithKey } from '../services/approvals/signature.ts';
import { readStatement } from '../services/approvals/statement.ts';
import { askChoice, canAsk } from './ask.ts';
import { controlAddress } from './control-address.ts';
import { callOperation } from './control-client.ts';
import type { Session } from './context.ts';
import { readIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { interruptible } from './interrupt.ts';

interface Asked {
  readonly payload: string;
  readonly statement: ApprovalStatement;
  readonly reason: string;
  readonly requesterName: string | null;
}

function signedIn(session: Session): Identity {
  const identity = readIdentity(session.context.home);
  if (identity === undefined) throw new ElulmcError('NOT_SIGNED_IN', 'nobody signed in on this machine, so there is no key to sign with: elulmc sign-in LINK');
  return identity;
}

/** The request, believed only as far as its payload says it: that is what will be signed. */
async function fetchRequest(session: Session, id: string, identity: Identity): Promise<Asked> {
  const report = await interruptible((signal) =>
    callOperation(controlAddress(session.context), 'governance approvals', { request: id }, { runId: newId('run'), signal, onProgress: () => undefined }),
  );
  const [request] = (asRecord(report.output)?.['requests'] ?? []) as readonly unknown[];
  const { payload, reason, requesterName } = asRecord(request) ?? {};
  const statement = typeof payload === 'string' ? readStatement(payload) : undefined;
  if (typeof payload !== 'string' || statement?.request !== id) throw new ElulmcError('CONTROL_UNREACHABLE', `the control plane gave no statement for ${id}`);
  if (statement.installation !== identity.installationId)
    throw new ElulmcError('APPROVAL_OTHER_INSTALLATION', `${id} is of ${statement.installation}; you signed in at ${identity.installationId}`);
  return { payload, statement, reason: String(reason), requesterName: typeof requesterName === 'string' ? requesterName : null };
}

/** No text of a request may move the cursor or hide a line. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** What is asked, from the bytes that will be signed; the digest is computed here. */
function lines({ payload, statement, reason, requesterName }: Asked): readonly string[] {
  const { operation, environment, input, changes, touches, policy, requester, expiresAt } = statement;
  return [
    `request      ${statement.request}`,
    `operation    ${operation}`,
    `environment  ${environment}`,
    `input        ${JSON.stringify(input)}`,
    ...(changes.length === 0 ? ['change       nothing would change'] : changes.map((change) => `change       ${change}`)),
    ...touches.map(({ object, version }) => `touches      ${object} (${version.slice(0, 16)})`),
    `asked by     ${requesterName === null ? requester : `${requesterName} (${requester})`}`,
    `because      ${reason} (told by the server, not signed)`,
    `needs        ${String(policy.required)} ${policy.required === 1 ? 'signature' : 'signatures'} until ${expiresAt}`,
    `policy       ${policy.sha256}`,
    `digest       ${createHash('sha256').update(payload, 'utf8').digest('hex')}`,
  ].map(plain);
}

/**
 * The input of `governance approve` with a signature by the key of who signed in on this machine. Shows what is signed and asks,
 * unless `yes`. USAGE when nobody can be asked; INTERRUPTED when the person does not want to sign.
 */
export async function signRequest(session: Session, id: string, yes: boolean): Promise<Record<string, unknown>> {
  const { stdio } = session.context;
  const identity = signedIn(session);
  if (!yes && !canAsk(stdio))
    throw new ElulmcError('USAGE', 'a signature needs a terminal to ask at, or --yes after you have read the request', { field: 'yes' });
  const asked = await fetchRequest(session, id, identity);
  for (const line of lines(asked)) session.output.words(line);
  const choices = [
    { value: 'sign', label: 'sign it with my key' },
    { value: 'leave', label: 'do not sign' },
  ] as const;
  const answer = yes ? 'sign' : await interruptible((signal) => askChoice(stdio, signal, `Approve ${plain(asked.statement.operation)}?`, choices));
  if (answer !== 'sign') throw new ElulmcError('INTERRUPTED', 'nothing was signed; elulmc governance decline REQUEST refuses it for everybody');
  const key = readKeyFile(identity.keyFile);
  if (key === undefined) throw new ElulmcError('KEY_FILE_UNSAFE', `${identity.keyFile} is missing: sign in again`);
  return { request: id, ...signWithKey(key, asked.payload) };
}
