import { describe, expect, test } from 'vitest';
import { ElulmcError } from '../../../src/core/errors.ts';
import { retryAfterMs, withRetries } from '../../../src/evaluation/client/retries.ts';
import { ConnectionLost } from '../../../src/evaluation/client/upstream-failure.ts';

describe('Retry-After', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');

  test('seconds or a date; a date that is over means now', () => {
    expect(retryAfterMs('0', now)).toBe(0);
    expect(retryAfterMs(' 12 ', now)).toBe(12_000);
    expect(retryAfterMs(['3', '4'], now)).toBe(3_000);
    expect(retryAfterMs('Fri, 02 Jan 2026 03:04:35 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Thu, 01 Jan 2026 03:04:35 GMT', now)).toBe(0);
  });

  test('anything else is as none', () => {
    for (const header of [undefined, '', '-1', '1.5', 'soon', '1e9', '2026-01-02', '9'.repeat(30), 'Fri, 99 Jan 2026 99:99:99 GMT', []]) {
      expect([header, retryAfterMs(header, now)]).toEqual([header, null]);
    }
  });
});

describe('retries', () => {
  const never = new AbortController().signal;
  const policy = { retries: 2, maxWaitMs: 60_000, pause: async () => undefined };

  test('only for what another try can mend', async () => {
    const attemptsFor = async (error: Error): Promise<number> => {
      let attempts = 0;
      const attempt = (): Promise<never> => {
        attempts += 1;
        return Promise.reject(error);
      };
      await expect(withRetries(attempt, policy, never)).rejects.toBe(error);
      return attempts;
    };
    expect(await attemptsFor(new ConnectionLost('gone', undefined))).toBe(3);
    expect(await attemptsFor(new ElulmcError('UPSTREAM_UNAVAILABLE', 'status 500'))).toBe(1);
    expect(await attemptsFor(new ElulmcError('UPSTREAM_TIMEOUT', 'late'))).toBe(1);
    expect(await attemptsFor(new Error('left'))).toBe(1);
  });

  test('a caller that leaves while it waits gets its reason', async () => {
    const controller = new AbortController();
    const pause = (_ms: number, signal: AbortSignal): Promise<void> => {
      controller.abort(new Error('left'));
      return Promise.reject(signal.reason as Error);
    };
    await expect(withRetries(() => Promise.reject(new ConnectionLost('gone', undefined)), { ...policy, pause }, controller.signal)).rejects.toThrow('left');
  });
});
