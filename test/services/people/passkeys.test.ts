import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { verifyPasskeyAssertion } from '../../../src/services/people/passkey-assertion.ts';
import { createPasskeys } from '../../../src/services/people/passkeys.ts';
import type { Passkeys } from '../../../src/services/people/passkeys.ts';
import { createPeopleService } from '../../../src/services/people/people-service.ts';
import type { PeopleService, Person, PersonKey } from '../../../src/services/people/service.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';
import { SoftwareAuthenticator } from '../../fixtures/software-authenticator.ts';
import type { Misbehavior } from '../../fixtures/software-authenticator.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

const says = (pattern: RegExp): string => expect.stringMatching(pattern) as string;
const SITE = { origin: 'http://localhost:4181', rpId: 'localhost' };

let store: TestDatabase;
let people: PeopleService;
let passkeys: Passkeys;
let authenticator: SoftwareAuthenticator;
let person: Person;

beforeAll(async () => {
  store = await migratedDatabase();
  people = createPeopleService(store.database);
  passkeys = createPasskeys(store.database, () => SITE);
});
afterAll(async () => {
  await store.drop();
});
beforeEach(async () => {
  authenticator = new SoftwareAuthenticator(SITE.origin);
  ({ person } = await people.redeem((await people.invite('approver', 'per_x')).secret, 'Ada', newPublicKey()));
});

async function register(wrong: Misbehavior = {}): Promise<PersonKey> {
  const response = authenticator.create(await passkeys.offerTo(person), wrong);
  const { key } = await passkeys.checkNew(person.id, response, 'laptop');
  return await people.addKey(person.id, key);
}

async function signIn(wrong: Misbehavior = {}) {
  const { key, counter } = await passkeys.checkSignIn(authenticator.get(await passkeys.offerSignIn(), wrong));
  return await passkeys.signIn(key, counter);
}

const WRONG: [string, Misbehavior, RegExp][] = [
  ['another origin', { origin: 'http://localhost:9999' }, /origin/],
  ['a look-alike origin', { origin: 'http://localhost.evil.example:4181' }, /origin/],
  ['another relying party', { rpId: 'evil.example' }, /RP ID/],
  ['no user verification', { userVerified: false }, /[Uu]ser verification/],
  ['nobody present', { userPresent: false }, /[Uu]ser (not )?presen/],
  ['another challenge', { challenge: randomBytes(32).toString('base64url') }, /challenge/],
];

describe('registering', () => {
  test('gives a key with its credential', async () => {
    const key = await register();
    expect(key).toMatchObject({
      kind: 'webauthn',
      person: person.id,
      label: 'laptop',
      credential: { rpId: 'localhost', transports: ['internal'], counter: 0 },
    });
    expect(key.id).toBe(createHash('sha256').update(Buffer.from(key.publicKey, 'base64')).digest('hex'));
    expect((await people.keysOf(person.id)).map(({ kind }) => kind)).toEqual(['ed25519', 'webauthn']);
    // The authenticator is told of the key it has, and makes no second one.
    const again = await passkeys.offerTo(person);
    expect(() => authenticator.create(again)).toThrow('InvalidStateError');
  });

  test.each<[string, Misbehavior, RegExp]>([...WRONG, ['an assertion', { type: 'webauthn.get' }, /type/]])('%s is refused', async (_what, wrong, reason) => {
    await expect(register(wrong)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(reason) });
    expect(await people.keysOf(person.id)).toHaveLength(1);
  });

  test('a challenge counts once, for whom it was given, and for what', async () => {
    const options = await passkeys.offerTo(person);
    const response = authenticator.create(options);
    await expect(passkeys.checkNew('per_another', response, 'x')).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    await expect(passkeys.checkNew(person.id, response, 'x')).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    const challenge = ((await passkeys.offerSignIn()) as { challenge: string }).challenge;
    await expect(register({ challenge })).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: expect.stringContaining('something else') as string });
  });

  test.each(['', ' ', 'x'.repeat(101), 'a\u0000b'])('the label %j is refused', async (label) => {
    const response = authenticator.create(await passkeys.offerTo(person));
    await expect(passkeys.checkNew(person.id, response, label)).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'label' });
  });

  test.each<[string, object]>([
    ['no CBOR', { attestationObject: 'AAAA' }],
    ['nothing', { attestationObject: '' }],
  ])('%s as attestation is refused', async (_what, change) => {
    const made = authenticator.create(await passkeys.offerTo(person));
    const response = { ...made, response: { ...made.response, ...change } };
    await expect(passkeys.checkNew(person.id, response, 'x')).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  });
});

describe('an invitation', () => {
  test('makes the person, their passkey and a session; once', async () => {
    const { secret } = await people.invite('security', 'per_x');
    const registration = await passkeys.checkNew(secret, authenticator.create(await passkeys.offerForInvitation(secret, 'Bea')), 'phone');
    const { person: made, session } = await passkeys.redeem(secret, registration);
    expect(made).toMatchObject({ id: registration.person.id, name: 'Bea', role: 'security' });
    expect(await people.personOfSession(session.secret)).toEqual(made);
    expect(await people.inviterOf(secret)).toBeUndefined();
    expect((await signIn()).person).toEqual(made);
    await expect(passkeys.redeem(secret, registration)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
  });

  test('with a passkey that is registered already stays open', async () => {
    const key = await register();
    const { secret } = await people.invite('security', 'per_x');
    const stolen = { person: { id: 'per_new', name: 'Eve' }, key: { publicKey: key.publicKey, credential: key.credential, label: 'x' }, keyId: key.id };
    await expect(passkeys.redeem(secret, stolen)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await people.inviterOf(secret)).toBeDefined();
    expect(await people.find('per_new')).toBeUndefined();
  });
});

describe('signing in', () => {
  test('opens a session and stores the counter', async () => {
    const key = await register();
    const { person: who, session } = await signIn();
    expect(who).toEqual(person);
    expect(await people.personOfSession(session.secret)).toEqual(person);
    expect((await people.findKey(key.id))?.credential?.counter).toBe(1);
    await signIn();
    expect((await people.findKey(key.id))?.credential?.counter).toBe(2);
  });

  test('works without counters', async () => {
    authenticator = new SoftwareAuthenticator(SITE.origin, { counts: false });
    await register();
    await signIn();
    expect((await signIn()).person.id).toBe(person.id);
  });

  test.each<[string, Misbehavior, RegExp]>([
    ...WRONG,
    ['a registration', { type: 'webauthn.create' }, /type/],
    ['a forged signature', { forged: true }, /signature/],
    ['a page inside another one', { crossOrigin: true }, /another origin/],
    ['the handle of somebody else', { userHandle: Buffer.from('per_other').toString('base64url') }, /somebody else/],
  ])('%s is refused', async (_what, wrong, reason) => {
    await register();
    await expect(signIn(wrong)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(reason) });
  });

  test('a counter that does not rise is a copied key, or a replay', async () => {
    await register();
    await signIn({ counter: 7 });
    for (const counter of [7, 6, 0]) await expect(signIn({ counter })).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(/counter/) });
    expect((await signIn({ counter: 8 })).person.id).toBe(person.id);
  });

  test('one assertion opens one session, also at the same time', async () => {
    await register();
    const response = authenticator.get(await passkeys.offerSignIn());
    const { key, counter } = await passkeys.checkSignIn(response);
    await expect(passkeys.checkSignIn(response)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(/challenge/) });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => passkeys.signIn(key, counter)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('not by a key or a person that was removed', async () => {
    const key = await register();
    const { key: checked, counter } = await passkeys.checkSignIn(authenticator.get(await passkeys.offerSignIn()));
    const { session } = await signIn();
    await people.removeKey(key.id);
    expect(await people.personOfSession(session.secret)).toBeUndefined();
    await expect(passkeys.signIn(checked, counter)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    await expect(signIn()).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(/not registered/) });
    authenticator = new SoftwareAuthenticator(SITE.origin);
    await register();
    await people.remove(person.id);
    await expect(signIn()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  test('a restart forgets the challenges', async () => {
    await register();
    const options = await passkeys.offerSignIn();
    const after = createPasskeys(store.database, () => SITE);
    await expect(after.checkSignIn(authenticator.get(options))).rejects.toMatchObject({ code: 'PASSKEY_REFUSED', message: says(/challenge/) });
  });
});

describe('an assertion over a digest', () => {
  const challenge = createHash('sha256').update('what is approved').digest();
  const assertionOf = (wrong: Misbehavior = {}) => {
    const { userHandle: _owner, ...assertion } = authenticator.get({ challenge: challenge.toString('base64url'), rpId: 'localhost' }, wrong).response;
    return assertion;
  };

  test('counts for this key, this challenge and this site only', async () => {
    const key = await register();
    const assertion = assertionOf();
    expect(await verifyPasskeyAssertion(key, assertion, challenge, SITE)).toEqual({ ok: true, counter: 1 });
    expect(await verifyPasskeyAssertion(key, assertion, randomBytes(32), SITE)).toMatchObject({ ok: false, reason: says(/challenge/) });
    expect(await verifyPasskeyAssertion(key, assertion, challenge, { ...SITE, origin: 'https://elulmc.example' })).toMatchObject({ ok: false });
    expect(await verifyPasskeyAssertion(key, assertion, challenge, { ...SITE, rpId: 'elulmc.example' })).toMatchObject({ ok: false });
    authenticator = new SoftwareAuthenticator(SITE.origin);
    const other = await register();
    expect(await verifyPasskeyAssertion(other, assertion, challenge, SITE)).toMatchObject({ ok: false, reason: says(/signature/) });
    const [ed25519] = await people.keysOf(person.id);
    expect(ed25519 && (await verifyPasskeyAssertion(ed25519, assertion, challenge, SITE))).toMatchObject({ ok: false, reason: says(/no passkey/) });
  });

  test.each(WRONG)('%s is refused', async (_what, wrong, reason) => {
    const key = await register();
    expect(await verifyPasskeyAssertion(key, assertionOf(wrong), challenge, SITE)).toMatchObject({ ok: false, reason: says(reason) });
  });

  test('an old one can be checked again, but is not fresh', async () => {
    const key = await register();
    const assertion = assertionOf();
    const used = { ...key, credential: key.credential && { ...key.credential, counter: 1 } };
    expect(await verifyPasskeyAssertion(used, assertion, challenge, SITE)).toMatchObject({ ok: false, reason: says(/counter/) });
    expect(await verifyPasskeyAssertion(used, assertion, challenge, SITE, false)).toEqual({ ok: true, counter: 1 });
  });

  test.each([
    ['garbage', { authenticatorData: 'AAAA', clientDataJSON: 'e30', signature: '' }],
    ['no JSON', { authenticatorData: '', clientDataJSON: '!!', signature: '!!' }],
  ])('%s is refused and throws nothing', async (_what, assertion) => {
    expect(await verifyPasskeyAssertion(await register(), assertion, challenge, SITE)).toMatchObject({ ok: false });
  });
});
