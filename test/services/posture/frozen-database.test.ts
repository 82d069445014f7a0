import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { monotonicMs, sleep } from '../../../src/core/clock.ts';
import { isolateDirectly } from '../../../src/services/posture/isolate-directly.ts';
import { openPostureFeed } from '../../../src/services/posture/open-feed.ts';
import { createPostureService } from '../../../src/services/posture/posture-service.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { migrateDatabase } from '../../../src/store/migrate.ts';
import { freeze, startTestServer } from '../../fixtures/postgres-server.ts';
import { author } from './author.ts';

test('a frozen server lets the lease run out within 2 s, and the feed goes on with the server', { timeout: 60_000 }, async () => {
  const server = await startTestServer();
  const home = mkdtempSync(join(tmpdir(), 'elulmc-freeze-'));
  const database = await openDatabase(server.url, { poolSize: 2 });
  try {
    await migrateDatabase(database);
    await createPostureService(database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'a2V5' });
    const feed = await openPostureFeed({ databaseUrl: server.url, killswitchPath: join(home, 'killswitch') });
    const thaw = freeze(server.pid);
    const frozenAt = monotonicMs();
    try {
      expect(feed.leaseEndMs()).toBeGreaterThan(frozenAt);
      const target = { databaseUrl: server.url, targets: 'active-upstreams', reason: 'r', author: author(), timeoutMs: 300 } as const;
      await expect(isolateDirectly(target)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      while (feed.leaseEndMs() > monotonicMs()) await sleep(5);
      // The last answer may have been asked for just before the freeze: never later than that plus the lease.
      expect(feed.leaseEndMs() - frozenAt).toBeLessThanOrEqual(2000);
      await sleep(1500);
      expect(feed.leaseEndMs()).toBeLessThan(monotonicMs());
    } finally {
      thaw();
    }
    while (feed.leaseEndMs() < monotonicMs()) await sleep(5);
    await feed.close();
  } finally {
    await database.close();
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
});
