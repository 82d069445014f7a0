import { ElulmcError, asElulmcError } from '../core/errors.ts';
import { monotonicMs } from '../core/clock.ts';
import { newId } from '../core/ids.ts';
import type { PeopleService, Person } from '../services/people/service.ts';
import type { RecordedRun } from './entries.ts';
import { planDigest } from './plan-digest.ts';
import type { Recorder } from './recorder.ts';

export interface SignInRequest {
  readonly secret: string;
  readonly name: string;
  /** base64 SPKI DER of an Ed25519 key. */
  readonly publicKey: string;
}

export interface SignedIn {
  readonly person: Person;
  readonly token: string;
}

/**
 * Redeems an invitation. No operation, because nobody is there yet who could be authorized; recorded like one: an intent
 * before, a result with the new person's id after. The name goes to the database only. INVITATION_INVALID otherwise.
 */
export async function redeemInvitation(people: PeopleService, recorder: Recorder, request: SignInRequest): Promise<SignedIn> {
  // Whoever guesses links must not be able to fill the log.
  if (!(await people.invitationOpen(request.secret))) throw new ElulmcError('INVITATION_INVALID', 'the link cannot be redeemed');
  const startedMs = monotonicMs();
  const changes = ['make a person with the given public key, and use the invitation up'];
  const input = { publicKey: request.publicKey };
  const run: RecordedRun = {
    runId: newId('run'),
    actor: 'system',
    operation: 'sign-in',
    ref: null,
    input,
    plan: { changes, notes: [] },
    planSha256: planDigest('sign-in', input, changes),
  };
  await recorder.intent(run);
  try {
    const signedIn = await people.redeem(request.secret, request.name, request.publicKey);
    const summary = `${signedIn.person.id} signed in with the role ${signedIn.person.role}.`;
    await recorder.done({ ...run, actor: signedIn.person.id }, { outcome: 'ok', summary, tookMs: monotonicMs() - startedMs });
    return signedIn;
  } catch (thrown) {
    const error = asElulmcError(thrown, 'OPERATION_FAILED');
    await recorder.done(run, { outcome: 'failed', summary: 'Not signed in.', tookMs: monotonicMs() - startedMs, code: error.code, errorId: error.id });
    throw error;
  }
}
