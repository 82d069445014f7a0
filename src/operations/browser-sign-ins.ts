import { ElulmcError } from '../core/errors.ts';
import type { DeviceSignIns, WaitingDevice } from '../services/people/device-sign-ins.ts';
import type { Identities } from '../services/people/identities.ts';
import type { VouchedFor } from '../services/people/identity-provider.ts';
import type { Passkeys, SignedInBrowser, VerifiedRegistration } from '../services/people/passkeys.ts';
import type { PeopleService, Person, PersonKey } from '../services/people/service.ts';
import { recordSignIn } from './recorded-sign-in.ts';
import type { Recorder } from './recorder.ts';
import { requireInviter } from './sign-in.ts';

/** The changes that people make in a browser before any operation can be theirs. Each is recorded as intent and result. */
export interface BrowserSignIns {
  /** OIDC_REFUSED for somebody who was removed. */
  byIdentityProvider(vouched: VouchedFor): Promise<SignedInBrowser>;
  byPasskey(key: PersonKey, counter: number): Promise<SignedInBrowser>;
  /** INVITATION_INVALID, CONFLICT. */
  redeem(secret: string, registration: VerifiedRegistration): Promise<SignedInBrowser>;
  addPasskey(registration: VerifiedRegistration): Promise<PersonKey>;
  /** SIGN_IN_EXPIRED, CONFLICT. */
  confirmDevice(userCode: string, personId: string): Promise<PersonKey>;
  refuseDevice(userCode: string, personId: string): Promise<void>;
  /** SIGN_IN_PENDING, SIGN_IN_EXPIRED. */
  takeDevice(deviceCode: string): Promise<{ readonly person: Person; readonly token: string }>;
  signOut(secret: string, personId: string): Promise<void>;
}

interface Parts {
  readonly people: PeopleService;
  readonly passkeys: Pick<Passkeys, 'redeem' | 'signIn'>;
  readonly identities: Identities;
  readonly devices: Pick<DeviceSignIns, 'confirm' | 'confirmedFor' | 'find' | 'refuse' | 'take'>;
  readonly recorder: Recorder;
}

function oidcChanges(known: Person | undefined, vouched: VouchedFor): readonly string[] {
  if (known === undefined) return [`make a person with the role ${vouched.role}`, 'sign them in in a browser'];
  const changed = known.role === vouched.role ? [] : [`change the role of ${known.id} from ${known.role} to ${vouched.role}`];
  return [...changed, `sign ${known.id} in in a browser`];
}

export function createBrowserSignIns({ people, passkeys, identities, devices, recorder }: Parts): BrowserSignIns {
  /** Who guesses codes must not be able to fill the log. */
  async function waitingDevice(userCode: string): Promise<WaitingDevice> {
    const device = await devices.find(userCode);
    if (device === undefined) throw new ElulmcError('SIGN_IN_EXPIRED', 'the code is unknown, was decided about or is older than 10 minutes');
    return device;
  }

  return {
    byIdentityProvider: async (vouched) => {
      const known = await identities.find(vouched);
      const record = {
        operation: 'sign-in oidc',
        actor: known?.id ?? 'system',
        input: { issuer: vouched.issuer, person: known?.id ?? null },
        changes: oidcChanges(known, vouched),
      };
      return await recordSignIn(recorder, record, async () => {
        const value = await identities.signIn(vouched);
        const { id, role } = value.person;
        const before = known === undefined || known.role === role ? '' : `; it was ${known.role} before`;
        return { value, actor: id, summary: `${id} signed in by the identity provider with the role ${role}${before}.` };
      });
    },
    byPasskey: async (key, counter) => {
      const record = { operation: 'sign-in passkey', actor: key.person, input: { key: key.id }, changes: [`sign ${key.person} in in a browser`] };
      return await recordSignIn(recorder, record, async () => {
        const value = await passkeys.signIn(key, counter);
        return { value, actor: key.person, summary: `${key.person} signed in by the passkey ${key.id}.` };
      });
    },
    redeem: async (secret, registration) => {
      const invitedBy = await requireInviter(people, secret);
      const changes = [`make the person ${registration.person.id} with the given passkey, and use the invitation up`];
      const record = { operation: 'sign-in', actor: 'system', input: { key: registration.keyId, invitedBy }, changes };
      return await recordSignIn(recorder, record, async () => {
        const value = await passkeys.redeem(secret, registration);
        const { id, role } = value.person;
        return { value, actor: id, summary: `${id} signed in with the role ${role} and the passkey ${registration.keyId}.` };
      });
    },
    addPasskey: async ({ person, key, keyId }) => {
      const record = { operation: 'add-passkey', actor: person.id, input: { key: keyId }, changes: [`register the passkey ${keyId} for ${person.id}`] };
      return await recordSignIn(recorder, record, async () => {
        const value = await people.addKey(person.id, key);
        return { value, actor: person.id, summary: `${person.id} has the passkey ${keyId}.` };
      });
    },
    confirmDevice: async (userCode, personId) => {
      const { keyId } = await waitingDevice(userCode);
      const changes = [`register the key ${keyId} of a command line for ${personId}`];
      return await recordSignIn(recorder, { operation: 'confirm-device', actor: personId, input: { key: keyId }, changes }, async () => {
        const value = await devices.confirm(userCode, personId);
        return { value, actor: personId, summary: `${personId} confirmed a command line with the key ${value.id}.` };
      });
    },
    refuseDevice: async (userCode, personId) => {
      const { keyId } = await waitingDevice(userCode);
      const changes = [`refuse the command line with the key ${keyId}`];
      await recordSignIn(recorder, { operation: 'refuse-device', actor: personId, input: { key: keyId }, changes }, async () => {
        await devices.refuse(userCode);
        return { value: undefined, actor: personId, summary: `${personId} refused a command line.` };
      });
    },
    takeDevice: async (deviceCode) => {
      // Who polls writes nothing into the log until there is something to take.
      const waiting = await devices.confirmedFor(deviceCode);
      const record = { operation: 'sign-in device', actor: waiting, input: {}, changes: [`give ${waiting} a token for a command line`] };
      return await recordSignIn(recorder, record, async () => {
        const value = await devices.take(deviceCode);
        return { value, actor: value.person.id, summary: `${value.person.id} signed in at a command line.` };
      });
    },
    signOut: async (secret, personId) => {
      const record = { operation: 'sign-out', actor: personId, input: {}, changes: [`end a browser session of ${personId}`] };
      await recordSignIn(recorder, record, async () => {
        await people.closeSession(secret);
        return { value: undefined, actor: personId, summary: `${personId} signed out of a browser.` };
      });
    },
  };
}
