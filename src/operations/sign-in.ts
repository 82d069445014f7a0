import { ElulmcError } from '../core/errors.ts';
import type { PeopleService, Person } from '../services/people/service.ts';
import { recordSignIn } from './recorded-sign-in.ts';
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

/** Who made the link. INVITATION_INVALID unless it could be redeemed: whoever guesses links must not be able to fill the log. */
export async function requireInviter(people: Pick<PeopleService, 'inviterOf'>, secret: string): Promise<string> {
  const inviter = await people.inviterOf(secret);
  if (inviter === undefined) throw new ElulmcError('INVITATION_INVALID', 'the link cannot be redeemed');
  return inviter;
}

/** Redeems an invitation with the key of a command line. The name goes to the database only. INVITATION_INVALID, CONFLICT. */
export async function redeemInvitation(people: PeopleService, recorder: Recorder, request: SignInRequest): Promise<SignedIn> {
  const invitedBy = await requireInviter(people, request.secret);
  const record = {
    operation: 'sign-in',
    actor: 'system',
    input: { publicKey: request.publicKey, invitedBy },
    changes: ['make a person with the given public key, and use the invitation up'],
  };
  return await recordSignIn(recorder, record, async () => {
    const value = await people.redeem(request.secret, request.name, request.publicKey);
    return { value, actor: value.person.id, summary: `${value.person.id} signed in with the role ${value.person.role}.` };
  });
}
