import { describe, expect, test } from 'vitest';
import { SlotPool } from '../../src/engine/slot-pool.ts';

const never = new AbortController().signal;

describe('SlotPool', () => {
  test('an aborted signal gets no slot', async () => {
    const pool = new SlotPool([1]);
    await expect(pool.acquire(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(await pool.acquire(never)).toBe(1);
  });

  test('who waits is served in order', async () => {
    const pool = new SlotPool([1]);
    const served: string[] = [];
    const slot = await pool.acquire(never);
    const waiting = ['a', 'b', 'c'].map(async (name) => {
      const own = await pool.acquire(never);
      served.push(name);
      pool.release(own);
    });
    expect(pool.waiting).toBe(3);
    pool.release(slot);
    await Promise.all(waiting);
    expect(served).toEqual(['a', 'b', 'c']);
    expect(pool.waiting).toBe(0);
  });

  test('who leaves the queue is forgotten and loses no slot', async () => {
    const pool = new SlotPool([1]);
    const slot = await pool.acquire(never);
    const leaver = new AbortController();
    const left = pool.acquire(leaver.signal);
    const stayed = pool.acquire(never);
    leaver.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    expect(pool.waiting).toBe(1);
    pool.release(slot);
    expect(await stayed).toBe(1);
    pool.release(1);
    expect(await pool.acquire(never)).toBe(1);
  });

  test('an abort after the slot was given does nothing', async () => {
    const pool = new SlotPool([1]);
    const controller = new AbortController();
    const first = await pool.acquire(never);
    const second = pool.acquire(controller.signal);
    pool.release(first);
    controller.abort();
    expect(await second).toBe(1);
    expect(pool.waiting).toBe(0);
  });
});
