import { createHash, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { createPeopleService, inviteFirstAdministrator } from '../../../src/services/people/people-service.ts';
import type { Role } from '../../../src/services/people/roles.ts';
import type { PeopleService, Person } from '../../../src/services/people/service.ts';
import { MemoryPeople } from '../../fixtures/memory-people.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
let people: PeopleService;
const PUBLIC_KEY = newPublicKey();

beforeAll(async () => {
  store = await migratedDatabase();
  people = createPeopleService(store.database);
});
afterAll(async () => {
  await store.drop();
});

async function sql(text: string): Promise<void> {
  await store.database.transaction(({ connection }) => connection.query({ text }));
}

async function join(role: Role, service = people): Promise<{ readonly person: Person; readonly token: string }> {
  const { secret } = await service.invite(role, 'per_x');
  return await service.redeem(secret, `A ${role}`, newPublicKey());
}

describe('bad input', () => {
  test.each([
    ['an empty name', ' ', PUBLIC_KEY, 'name'],
    ['a long name', 'x'.repeat(101), PUBLIC_KEY, 'name'],
    ['a name with control characters', 'a\u001bb', PUBLIC_KEY, 'name'],
    ['a name that turns the line around', 'Ada \u202egnirts', PUBLIC_KEY, 'name'],
    ['no key', 'Ada', '', 'publicKey'],
    ['another kind of key', 'Ada', generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), 'publicKey'],
  ])('%s is refused and consumes nothing', async (_case, name, key, field) => {
    const { secret } = await people.invite('viewer', 'per_x');
    await expect(people.redeem(secret, name, key)).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
    expect(await people.inviterOf(secret)).toBeDefined();
  });

  test('secrets that nobody gave out', async () => {
    expect(await people.inviterOf('inv_unknown')).toBeUndefined();
    await expect(people.redeem('inv_unknown', 'Ada', PUBLIC_KEY)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    expect(await people.authenticate('elp_unknown')).toBeUndefined();
    expect(await people.authenticate('')).toBeUndefined();
  });

  test('an invitation that has expired', async () => {
    const { secret } = await people.invite('viewer', 'per_x');
    await sql("update invitation set expires_at = now() - interval '1 second' where used_at is null");
    expect(await people.inviterOf(secret)).toBeUndefined();
    await expect(people.redeem(secret, 'Ada', PUBLIC_KEY)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    expect(await people.list()).toEqual([]);
  });
});

test('the first administrator: a new link voids the one before, until there is one', async () => {
  const lost = await inviteFirstAdministrator(store.database);
  const link = await inviteFirstAdministrator(store.database);
  expect(await people.inviterOf(lost?.secret ?? '')).toBeUndefined();
  const { person } = await people.redeem(link?.secret ?? '', 'Grace', PUBLIC_KEY);
  expect(person).toMatchObject({ name: 'Grace', role: 'admin', removedAt: null, id: expect.stringMatching(/^per_/) as string });
  const id = createHash('sha256').update(Buffer.from(PUBLIC_KEY, 'base64')).digest('hex');
  expect(await people.keysOf(person.id)).toEqual([
    {
      id,
      person: person.id,
      kind: 'ed25519',
      publicKey: PUBLIC_KEY,
      credential: null,
      label: 'command line',
      createdAt: person.createdAt,
      removedAt: null,
    },
  ]);
  expect(await people.findKey(id)).toEqual((await people.keysOf(person.id))[0]);
  expect(await people.find(person.id)).toEqual(person);
  expect(await inviteFirstAdministrator(store.database)).toBeUndefined();
});

test('an invitation makes one person, however many redeem it at the same time', async () => {
  const before = await people.list();
  const { secret, expiresAt } = await people.invite('security', 'per_x');
  expect(secret).toMatch(/^inv_[A-Za-z0-9_-]{43}$/);
  expect(Math.round((Date.parse(expiresAt) - wallMs()) / 3_600_000)).toBe(24);
  expect(await people.inviterOf(secret)).toBeDefined();
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => people.redeem(secret, `Person ${String(i)}`, newPublicKey())));
  const won = results.filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'INVITATION_INVALID' });
  const { person, token } = won[0]?.value ?? { person: undefined, token: '' };
  expect(token).toMatch(/^elp_[A-Za-z0-9_-]{43}$/);
  expect(await people.authenticate(token)).toEqual(person);
  expect(await people.list()).toEqual([...before, person]);
});

test('secrets are stored as hashes only, and signing out keeps one person', async () => {
  const [ada, bob] = [await join('operator'), await join('viewer')];
  const browser = await people.openSession(bob.person.id);
  const { rows } = await store.database.run(({ connection }) =>
    connection.query({ text: "select string_agg(t::text, '|') as tokens, (select string_agg(i::text, '|') from invitation i) as links from person_token t" }),
  );
  for (const secret of [browser.secret, ada.token, bob.token]) expect(JSON.stringify(rows)).not.toContain(secret);
  expect(await people.signOutAll(ada.person.id)).toBeGreaterThanOrEqual(1);
  expect(await people.authenticate(ada.token)).toEqual(ada.person);
  expect(await people.authenticate(bob.token)).toBeUndefined();
  expect(await people.personOfSession(browser.secret)).toBeUndefined();
  expect(await people.signOutAll(null)).toBe(1);
  expect(await people.authenticate(ada.token)).toBeUndefined();
});

test('a link of somebody whose role does not invite any more does not work', async () => {
  await join('admin');
  const { person } = await join('admin');
  const { secret } = await people.invite('admin', person.id);
  await sql(`update person set role = 'viewer' where id = '${person.id}'`);
  expect(await people.inviterOf(secret)).toBeUndefined();
  await expect(people.redeem(secret, 'Eve', newPublicKey())).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
});

test('sessions that have ended are forgotten at the next one', async () => {
  const { person } = await join('viewer');
  const { secret } = await people.openSession(person.id);
  await sql("update person_token set expires_at = now() - interval '1 second' where kind = 'browser'");
  await people.openSession(person.id);
  const { rows } = await store.database.run(({ connection }) =>
    connection.query({ text: 'select 1 from person_token where sha256 = $1', values: [createHash('sha256').update(secret).digest('hex')] }),
  );
  expect(rows).toEqual([]);
});

test('a browser session is no bearer token, nor the other way round, and it ends after 8 hours', async () => {
  const { person, token } = await join('viewer');
  const { secret, expiresAt } = await people.openSession(person.id);
  expect(Math.round((Date.parse(expiresAt) - wallMs()) / 3_600_000)).toBe(8);
  expect(await people.personOfSession(secret)).toEqual(person);
  expect(await people.authenticate(secret)).toBeUndefined();
  expect(await people.personOfSession(token)).toBeUndefined();
  await sql("update person_token set expires_at = now() - interval '1 second' where kind = 'browser'");
  expect(await people.personOfSession(secret)).toBeUndefined();
});

test('two administrators who remove each other at the same time: one stays', async () => {
  const [a, b] = [await join('admin'), await join('admin')];
  for (const { id, role } of await people.list()) if (role === 'admin' && ![a.person.id, b.person.id].includes(id)) await people.remove(id);
  const results = await Promise.allSettled([people.remove(a.person.id), people.remove(b.person.id)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await people.list()).filter(({ role, removedAt }) => role === 'admin' && removedAt === null)).toHaveLength(1);
});

describe.each([
  ['in the database', () => people],
  ['in memory', () => new MemoryPeople()],
])('keys and removal %s', (_where, make) => {
  test('a key belongs to one person: a second one is refused and the link stays open', async () => {
    const service = make();
    const { secret } = await service.invite('viewer', 'per_x');
    const key = newPublicKey();
    const { person } = await service.redeem(secret, 'Ada', key);
    const second = await service.invite('viewer', 'per_x');
    await expect(service.redeem(second.secret, 'Bob', key)).rejects.toMatchObject({ code: 'CONFLICT', field: 'publicKey' });
    // The same key in another spelling.
    await expect(service.redeem(second.secret, 'Bob', `${key.slice(0, 20)}\n${key.slice(20)}`)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await service.inviterOf(second.secret)).toBeDefined();
    expect((await service.list()).filter(({ name }) => name === 'Bob')).toEqual([]);
    await expect(service.addKey(person.id, { publicKey: key, credential: null, label: 'again' })).resolves.toMatchObject({ label: 'command line' });
  });

  test('a key that was removed does not come back', async () => {
    const service = make();
    const { person, token } = await join('viewer', service);
    const other = await service.openSession(person.id);
    const [key] = await service.keysOf(person.id);
    const removed = await service.removeKey(key?.id ?? '');
    // With a lost machine goes what was signed in there, and nothing else.
    expect(await service.authenticate(token)).toBeUndefined();
    expect(await service.personOfSession(other.secret)).toEqual(person);
    expect(removed.removedAt).not.toBeNull();
    expect(await service.removeKey(removed.id)).toEqual(removed);
    expect(await service.keysOf(person.id)).toEqual([removed]);
    await expect(service.addKey(person.id, { publicKey: removed.publicKey, credential: null, label: 'again' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(service.removeKey('0'.repeat(64))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('who is removed cannot act any more, and is removed once', async () => {
    const service = make();
    const { person, token } = await join('operator', service);
    const { secret } = await service.openSession(person.id);
    const removed = await service.remove(person.id);
    expect(removed.removedAt).not.toBeNull();
    expect(await service.remove(person.id)).toEqual(removed);
    expect(await service.find(person.id)).toEqual(removed);
    expect(await service.authenticate(token)).toBeUndefined();
    expect(await service.personOfSession(secret)).toBeUndefined();
    await expect(service.openSession(person.id)).rejects.toThrow();
    await expect(service.addKey(person.id, { publicKey: newPublicKey(), credential: null, label: 'new' })).rejects.toThrow();
    await expect(service.remove('per_nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an administrator who is removed leaves no link that works', async () => {
    const service = make();
    await join('admin', service);
    const { person } = await join('admin', service);
    const { secret } = await service.invite('admin', person.id);
    expect(await service.inviterOf(secret)).toBeDefined();
    await service.remove(person.id);
    expect(await service.inviterOf(secret)).toBeUndefined();
    await expect(service.redeem(secret, 'Eve', newPublicKey())).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
  });

  test('a counter only rises, also when two assertions come at the same time', async () => {
    const service = make();
    const { person } = await join('viewer', service);
    const credential = { id: newPublicKey(), rpId: 'localhost', transports: ['internal'], counter: 0 };
    const key = await service.addKey(person.id, { publicKey: newPublicKey(), credential, label: 'laptop' });
    expect(key).toMatchObject({ kind: 'webauthn', credential });
    expect(await service.raiseCounter(key.id, 0)).toBe(true);
    const same = await Promise.all(Array.from({ length: 8 }, () => service.raiseCounter(key.id, 5)));
    expect(same.filter(Boolean)).toHaveLength(1);
    expect(await service.raiseCounter(key.id, 4)).toBe(false);
    expect(await service.raiseCounter(key.id, 0)).toBe(false);
    expect((await service.findKey(key.id))?.credential?.counter).toBe(5);
    await service.removeKey(key.id);
    expect(await service.raiseCounter(key.id, 6)).toBe(false);
    await expect(service.addKey(person.id, { publicKey: newPublicKey(), credential, label: 'same credential' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('the last administrator stays', async () => {
    const service = make();
    const { person } = await join('admin', service);
    for (const { id, role } of await service.list()) if (role === 'admin' && id !== person.id) await service.remove(id);
    await expect(service.remove(person.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    const other = await join('admin', service);
    expect((await service.remove(person.id)).removedAt).not.toBeNull();
    await expect(service.remove(other.person.id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
