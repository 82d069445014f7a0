import { describe, expect, test } from 'vitest';
import { leaderLog } from '../../src/app/leader-log.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { entryWith } from '../fixtures/written-log.ts';

describe('the log of a leader', () => {
  test('nothing is handed over before the leadership is confirmed, and the order stays', async () => {
    const log = new MemoryLedger();
    const gates: (() => void)[] = [];
    const guarded = leaderLog(log, () => new Promise((resolve) => gates.push(resolve)));
    const appended = [
      guarded.append(entryWith({ id: 'first' })),
      guarded.appendSigned(entryWith({ id: 'second' })),
      guarded.append(entryWith({ id: 'third' })),
    ];
    await Promise.resolve();
    expect(log.entries).toEqual([]);
    for (let n = 0; n < appended.length; n++) {
      await expect.poll(() => gates.length).toBe(n + 1);
      expect(log.entries).toHaveLength(n);
      gates[n]?.();
      await appended[n];
    }
    expect(log.entries.map(({ id }) => id)).toEqual(['first', 'second', 'third']);
    expect(guarded).toMatchObject({ name: log.name, origin: log.origin, vkey: log.vkey });
    expect(guarded.size()).toBe(3);
  });

  test('a log that fails goes on failing its callers one by one', async () => {
    const log = new MemoryLedger();
    const guarded = leaderLog(log, () => Promise.resolve());
    log.fail();
    await expect(guarded.append(entryWith())).rejects.toBeDefined();
    log.mend();
    await guarded.append(entryWith({ id: 'again' }));
    expect(log.entries.map(({ id }) => id)).toEqual(['again']);
  });
});
