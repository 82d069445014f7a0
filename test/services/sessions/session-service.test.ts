import { afterAll, beforeAll, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { createPostureService } from '../../../src/services/posture/posture-service.ts';
import { createSessionService } from '../../../src/services/sessions/session-service.ts';
import { insertLedgerIndex } from '../../../src/store/ledger-index-rows.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';
import { author } from '../posture/author.ts';

let store: TestDatabase;
beforeAll(async () => {
  store = await migratedDatabase();
});
afterAll(async () => {
  await store.drop();
});

function ago(ms: number): string {
  return new Date(wallMs() - ms).toISOString();
}

test('a session is listed until it expires, its key is revoked or all sessions are voided', async () => {
  const posture = await createPostureService(store.database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'a2V5' });
  const limits = { concurrency: null, requestsPerMinute: null, tokensPerMinute: null };
  const newKey = async (name: string) => (await posture.issueKey({ name, subject: `sub_${name}`, models: null, limits }, author())).key;
  const [a, b] = [await newKey('a'), await newKey('b')];
  const sessions = createSessionService(store.database);
  expect(await sessions.list(10)).toEqual({ sessions: [], total: 0 });

  const issued = (index: number, key: typeof a, changed: Record<string, unknown> = {}) => ({
    log: 'gw-0',
    index,
    at: ago(10_000 - index),
    actor: key.id,
    kind: 'session.issued',
    key: key.id,
    model: null,
    requestId: `ses_${String(index)}`,
    data: { keyId: key.id, keyGeneration: 1, installationGeneration: 1, subject: key.subject, expiresAt: ago(-60_000), ...changed },
  });
  const rows = [
    issued(0, a),
    issued(1, a, { expiresAt: ago(1) }),
    issued(2, a, { installationGeneration: 0 }),
    issued(3, a, { keyGeneration: 0 }),
    issued(4, b),
    issued(5, a),
    issued(6, { ...a, id: 'key_unknown' }),
  ];
  await insertLedgerIndex(store.database, [...rows, { ...issued(7, a), kind: 'request.done', data: null }]);
  const listed = await sessions.list(10);
  expect(listed.sessions.map(({ id }) => id)).toEqual(['ses_5', 'ses_4', 'ses_0']);
  expect(listed.sessions[0]).toEqual({
    id: 'ses_5',
    keyId: a.id,
    subject: 'sub_a',
    issuedAt: rows[5]?.at,
    expiresAt: rows[5]?.data.expiresAt,
    log: 'gw-0',
    index: 5,
  });
  expect(await sessions.list(1)).toMatchObject({ sessions: [{ id: 'ses_5' }], total: 3 });

  await posture.revokeKeys([b.id], author());
  expect((await sessions.list(10)).sessions.map(({ id }) => id)).toEqual(['ses_5', 'ses_0']);
  await posture.voidSessions(author());
  expect(await sessions.list(10)).toEqual({ sessions: [], total: 0 });
});
