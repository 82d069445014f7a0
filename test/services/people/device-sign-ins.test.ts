import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDeviceSignIns } from '../../../src/services/people/device-sign-ins.ts';
import type { DeviceSignIns } from '../../../src/services/people/device-sign-ins.ts';
import { createPeopleService } from '../../../src/services/people/people-service.ts';
import type { PeopleService, Person } from '../../../src/services/people/service.ts';
import { newPublicKey } from '../../fixtures/public-key.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let store: TestDatabase;
let people: PeopleService;
let devices: DeviceSignIns;
let person: Person;

beforeAll(async () => {
  store = await migratedDatabase();
  people = createPeopleService(store.database);
  devices = createDeviceSignIns(store.database);
});
afterAll(async () => {
  await store.drop();
});
beforeEach(async () => {
  ({ person } = await people.redeem((await people.invite('operator', 'per_x')).secret, 'Ada', newPublicKey()));
});

async function sql(text: string): Promise<void> {
  await store.database.transaction(({ connection }) => connection.query({ text }));
}

describe('refused', () => {
  test.each([
    ['', 'laptop', 'publicKey'],
    ['AAAA', 'laptop', 'publicKey'],
    [newPublicKey(), ' ', 'name'],
    [newPublicKey(), 'a\u202eb', 'name'],
  ])('the key %j with the name %j', async (key, name, field) => {
    await expect(devices.begin(key, name)).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
  });

  test('codes that nobody gave out', async () => {
    expect(await devices.find('BCDF-GHJK')).toBeUndefined();
    await expect(devices.confirm('BCDF-GHJK', person.id)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
    await expect(devices.take('dev_unknown')).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
  });

  test('a code that is too old, also when it was confirmed in time', async () => {
    const [waiting, confirmed] = [await devices.begin(newPublicKey(), 'a'), await devices.begin(newPublicKey(), 'b')];
    await devices.confirm(confirmed.userCode, person.id);
    await sql("update device_sign_in set expires_at = now() - interval '1 second'");
    expect(await devices.find(waiting.userCode)).toBeUndefined();
    await expect(devices.confirm(waiting.userCode, person.id)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
    for (const { deviceCode } of [waiting, confirmed]) await expect(devices.take(deviceCode)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
  });

  test('a key of somebody else: the code stays open, and nobody is signed in', async () => {
    const [key] = await people.keysOf(person.id);
    const { person: other } = await people.redeem((await people.invite('operator', 'per_x')).secret, 'Bea', newPublicKey());
    const { userCode, deviceCode } = await devices.begin(key?.publicKey ?? '', 'stolen');
    await expect(devices.confirm(userCode, other.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(devices.take(deviceCode)).rejects.toMatchObject({ code: 'SIGN_IN_PENDING' });
  });

  test('who was removed confirms nothing, and what they had confirmed gives no token', async () => {
    const [first, second] = [await devices.begin(newPublicKey(), 'a'), await devices.begin(newPublicKey(), 'b')];
    await devices.confirm(first.userCode, person.id);
    await people.remove(person.id);
    await expect(devices.take(first.deviceCode)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(devices.confirm(second.userCode, person.id)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });
});

test('pending until it is confirmed, as people type it; then a token, once', async () => {
  const publicKey = newPublicKey();
  const { userCode, deviceCode, keyId } = await devices.begin(publicKey, 'laptop');
  expect(userCode).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  await expect(devices.confirmedFor(deviceCode)).rejects.toMatchObject({ code: 'SIGN_IN_PENDING' });
  const typed = ` ${userCode.toLowerCase().replace('-', ' ')} `;
  expect(await devices.find(typed)).toMatchObject({ label: 'laptop', keyId });
  expect(await devices.confirm(typed, person.id)).toMatchObject({ id: keyId, person: person.id, publicKey, label: 'laptop' });
  const taken = await Promise.allSettled(Array.from({ length: 8 }, () => devices.take(deviceCode)));
  const won = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(won).toMatchObject([{ person: { id: person.id } }]);
  expect(await people.authenticate(won[0]?.token ?? '')).toEqual(person);
});

test('of two people who confirm one code at the same time, one does', async () => {
  const { person: other } = await people.redeem((await people.invite('operator', 'per_x')).secret, 'Bea', newPublicKey());
  const { userCode, deviceCode } = await devices.begin(newPublicKey(), 'laptop');
  const confirmed = await Promise.allSettled([devices.confirm(userCode, person.id), devices.confirm(userCode, other.id)]);
  expect(confirmed.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const winner = confirmed[0].status === 'fulfilled' ? person : other;
  expect((await devices.take(deviceCode)).person).toEqual(winner);
});

test('a key that was removed between its confirmation and its token gives none', async () => {
  const { userCode, deviceCode } = await devices.begin(newPublicKey(), 'laptop');
  const { id } = await devices.confirm(userCode, person.id);
  await people.removeKey(id);
  await expect(devices.take(deviceCode)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
});

test('what was refused stays refused', async () => {
  const { userCode, deviceCode } = await devices.begin(newPublicKey(), 'laptop');
  await devices.refuse(userCode);
  await devices.refuse(userCode);
  await expect(devices.confirm(userCode, person.id)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
  await expect(devices.take(deviceCode)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' });
});

test('codes are stored as hashes only, and the waiting ones are limited', async () => {
  const { userCode, deviceCode } = await devices.begin(newPublicKey(), 'laptop');
  const { rows } = await store.database.run(({ connection }) => connection.query({ text: "select string_agg(d::text, '|') as stored from device_sign_in d" }));
  for (const secret of [userCode, userCode.replace('-', ''), deviceCode]) expect(JSON.stringify(rows)).not.toContain(secret);
  await sql(
    "insert into device_sign_in select 'f' || n, 'f' || n, 'key', 'x', now(), now() + interval '1 minute', null, null from generate_series(1, 1000) as n",
  );
  await expect(devices.begin(newPublicKey(), 'one more')).rejects.toMatchObject({ code: 'SIGN_IN_LIMITED' });
  await sql("update device_sign_in set expires_at = now() - interval '1 second'");
  await devices.begin(newPublicKey(), 'one more');
});
