import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { APPROVAL_ERRORS } from '../../src/core/approval-errors.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migratedDatabase } from '../store/migrated-database.ts';
import type { TestDatabase } from '../store/migrated-database.ts';
import { AttackBench } from './attack-bench.ts';
import { AttackTable, PROMISED, refusalOf } from './attack-table.ts';
import { ATTACKS_ON_PLANS } from './attacks-on-plans.ts';
import { ATTACKS_ON_SIGNERS } from './attacks-on-signers.ts';
import { ATTACKS_ON_USE } from './attacks-on-use.ts';

let store: TestDatabase;
let bench: AttackBench;
const table = new AttackTable();

beforeAll(async () => {
  store = await migratedDatabase();
}, 240_000);
beforeEach(async () => {
  bench = new AttackBench(store.database);
  await bench.start();
});
afterEach(() => {
  bench.stop();
});
afterAll(async () => {
  process.stdout.write(`\n${table.toString()}\n\n`);
  await store.drop();
});

test.each([...ATTACKS_ON_USE, ...ATTACKS_ON_PLANS, ...ATTACKS_ON_SIGNERS])('$attack: $tried', async ({ attack, tried, code, strike, heal }) => {
  const approved = await bench.approved();
  const refused = await refusalOf(strike(bench, approved));
  table.add(attack, tried, refused);
  expect(refused.code).toBe(code);
  expect(bench.performed).toEqual([]);
  expect(bench.intents()).toBe(0);
  for (const entry of bench.log.entries) expect(entry).toMatchObject({ kind: 'operation.done', outcome: 'refused' });
  if (heal === null) return;
  heal(bench);
  const report = await bench.use({ token: approved.token });
  expect(report.approval).toEqual({ request: approved.request.id, people: [bench.first.person.id, bench.second.person.id] });
  expect(bench.performed).toHaveLength(1);
});

describe('concurrent double use', () => {
  const attack = 'concurrent double use';

  test('from two control planes: while one is at it, the other is told so', async () => {
    const other = await openDatabase(store.url, { poolSize: 2 });
    try {
      const { token } = await bench.approved();
      const gate = Promise.withResolvers<undefined>();
      bench.gate = gate.promise;
      const winner = bench.door().call(bench.call({ approval: { token } }));
      await expect.poll(() => bench.intents(), { timeout: 20_000 }).toBe(1);
      const refused = await refusalOf(bench.door({}, other).call(bench.call({ approval: { token } })));
      gate.resolve(undefined);
      await winner;
      table.add(attack, 'from two control planes, while the first is at it', refused);
      expect(refused.code).toBe('APPROVAL_IN_USE');
      expect(bench.performed).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  test('of many calls at once from two control planes one is performed', async () => {
    const other = await openDatabase(store.url, { poolSize: 6 });
    try {
      // Nothing that the process could lock: only the database decides.
      bench.world.touches = false;
      const { token } = await bench.approved();
      const doors = [bench.door(), bench.door({}, other)];
      const gate = Promise.withResolvers<undefined>();
      bench.gate = gate.promise;
      const calls = Array.from({ length: 12 }, (_, index) => refusalOf((doors[index % 2] ?? bench.door()).call(bench.call({ approval: { token } }))));
      // The winner goes on once all the others have lost.
      await expect.poll(() => bench.log.entries.filter(({ outcome }) => outcome === 'refused').length, { timeout: 20_000 }).toBe(11);
      gate.resolve(undefined);
      const results = await Promise.all(calls);
      const lost = results.filter(({ code }) => code !== 'ACCEPTED');
      expect(lost).toHaveLength(11);
      expect(bench.performed).toHaveLength(1);
      expect(bench.intents()).toBe(1);
      expect(new Set(lost.map(({ code }) => code))).toEqual(new Set(['APPROVAL_IN_USE']));
      table.add(attack, 'twelve calls at once at two control planes: one is performed', lost[0] ?? { code: 'ACCEPTED', exit: 0 });
    } finally {
      await other.close();
    }
  });
});

test('bit flips of a token: none is accepted', async () => {
  const { token } = await bench.approved();
  const door = bench.door();
  const seen = new Map<string, number>();
  // Every position of the text would take minutes here; test/services/approvals/token.test.ts tries thousands without a database.
  for (let at = 0; at < token.length * 8; at += 131) {
    const bytes = Buffer.from(token, 'latin1');
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
    const { code, exit } = await refusalOf(door.call(bench.call({ approval: { token: bytes.toString('latin1') } })));
    seen.set(code, exit);
  }
  expect([...seen.keys()].sort()).toEqual(['APPROVAL_SIGNATURE_INVALID', 'APPROVAL_TOKEN_INVALID']);
  expect(bench.performed).toEqual([]);
  for (const [code, exit] of seen)
    table.add(code === 'APPROVAL_TOKEN_INVALID' ? 'no token' : 'forged signature', 'a token with one bit flipped', { code, exit });
  await bench.use({ token });
  expect(bench.performed).toHaveLength(1);
});

test('a passkey that is asked as it should be counts', async () => {
  const signed = await bench.approveWithPasskey(await bench.request());
  expect(signed.signatures.map(({ signature }) => signature.kind)).toEqual(['webauthn']);
});

describe('the table', () => {
  const codesOf = (attack: string): readonly string[] => [...new Set(table.rows.filter((row) => row.attack === attack).map(({ refused }) => refused.code))];

  test('has every attack that was promised, each with a code of its own', () => {
    const codes = PROMISED.map((attack) => codesOf(attack));
    expect(codes.map((each) => each.length)).toEqual(PROMISED.map(() => 1));
    expect(new Set(codes.flat()).size).toBe(PROMISED.length);
  });

  test('has one code for each attack, and every code that an approval can be refused with', () => {
    for (const { attack } of table.rows) expect(codesOf(attack)).toHaveLength(1);
    expect(new Set(table.rows.map(({ refused }) => refused.code))).toEqual(new Set([...Object.keys(APPROVAL_ERRORS), 'APPROVAL_MISSING']));
  });

  test('exits with 5, not allowed, or 4 where only approvals are missing', () => {
    for (const { refused } of table.rows) expect(refused.exit).toBe(refused.code === 'APPROVAL_MISSING' ? 4 : 5);
  });
});
