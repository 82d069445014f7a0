import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { createPeopleService, inviteFirstAdministrator } from '../../../src/services/people/people-service.ts';
import type { PeopleService } from '../../../src/services/people/service.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
let people: PeopleService;
const PUBLIC_KEY = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

beforeAll(async () => {
  store = await migratedDatabase();
  people = createPeopleService(store.database);
});
afterAll(async () => {
  await store.drop();
});

describe('bad input', () => {
  test.each([
    ['an empty name', ' ', PUBLIC_KEY, 'name'],
    ['a long name', 'x'.repeat(101), PUBLIC_KEY, 'name'],
    ['a name with control characters', 'a\u001bb', PUBLIC_KEY, 'name'],
    ['no key', 'Ada', '', 'publicKey'],
    ['another kind of key', 'Ada', generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), 'publicKey'],
  ])('%s is refused and consumes nothing', async (_case, name, key, field) => {
    const { secret } = await people.invite('viewer', 'per_x');
    await expect(people.redeem(secret, name, key)).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
    expect(await people.invitationOpen(secret)).toBe(true);
  });

  test('secrets that nobody gave out', async () => {
    expect(await people.invitationOpen('inv_unknown')).toBe(false);
    await expect(people.redeem('inv_unknown', 'Ada', PUBLIC_KEY)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    expect(await people.authenticate('elp_unknown')).toBeUndefined();
    expect(await people.authenticate('')).toBeUndefined();
  });

  test('an invitation that has expired', async () => {
    const { secret } = await people.invite('viewer', 'per_x');
    await store.database.run(({ connection }) =>
      connection.query({ text: "update invitation set expires_at = now() - interval '1 second' where used_at is null" }),
    );
    expect(await people.invitationOpen(secret)).toBe(false);
    await expect(people.redeem(secret, 'Ada', PUBLIC_KEY)).rejects.toMatchObject({ code: 'INVITATION_INVALID' });
    expect(await people.list()).toEqual([]);
  });
});

test('the first administrator: a new link voids the one before, until there is one', async () => {
  const lost = await inviteFirstAdministrator(store.database);
  const link = await inviteFirstAdministrator(store.database);
  expect(await people.invitationOpen(lost?.secret ?? '')).toBe(false);
  const { person } = await people.redeem(link?.secret ?? '', 'Grace', PUBLIC_KEY);
  expect(person).toMatchObject({ name: 'Grace', role: 'admin', publicKey: PUBLIC_KEY, id: expect.stringMatching(/^per_/) as string });
  expect(await inviteFirstAdministrator(store.database)).toBeUndefined();
});

test('an invitation makes one person, however many redeem it at the same time', async () => {
  const before = await people.list();
  const { secret, expiresAt } = await people.invite('security', 'per_x');
  expect(secret).toMatch(/^inv_[A-Za-z0-9_-]{43}$/);
  expect(Math.round((Date.parse(expiresAt) - wallMs()) / 3_600_000)).toBe(24);
  expect(await people.invitationOpen(secret)).toBe(true);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => people.redeem(secret, `Person ${String(i)}`, PUBLIC_KEY)));
  const won = results.filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'INVITATION_INVALID' });
  const { person, token } = won[0]?.value ?? { person: undefined, token: '' };
  expect(token).toMatch(/^elp_[A-Za-z0-9_-]{43}$/);
  expect(await people.authenticate(token)).toEqual(person);
  expect(await people.list()).toEqual([...before, person]);
});

test('secrets are stored as hashes only, and signing out keeps one person', async () => {
  const [a, b] = [await people.invite('operator', 'per_x'), await people.invite('viewer', 'per_x')];
  const [ada, bob] = [await people.redeem(a.secret, 'Ada', PUBLIC_KEY), await people.redeem(b.secret, 'Bob', PUBLIC_KEY)];
  const { rows } = await store.database.run(({ connection }) =>
    connection.query({ text: "select string_agg(t::text, '|') as tokens, (select string_agg(i::text, '|') from invitation i) as links from person_token t" }),
  );
  for (const secret of [a.secret, ada.token, bob.token]) expect(JSON.stringify(rows)).not.toContain(secret);
  expect(await people.signOutAll(ada.person.id)).toBeGreaterThanOrEqual(1);
  expect(await people.authenticate(ada.token)).toEqual(ada.person);
  expect(await people.authenticate(bob.token)).toBeUndefined();
  expect(await people.signOutAll(null)).toBe(1);
  expect(await people.authenticate(ada.token)).toBeUndefined();
});
