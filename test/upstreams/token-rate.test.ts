import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TokenRate } from '../../src/upstreams/token-rate.ts';

const a = { name: 'a', url: 'http://a', token: null };
const b = { name: 'b', url: 'http://a', token: null };

test('null at the first reading, after a restart and after a gap; addresses do not mix', async () => {
  const rates = new TokenRate();
  expect(rates.update(a, 100)).toBeNull();
  expect(rates.update(b, 5)).toBeNull();
  await delay(250);
  const rate = rates.update(a, 200);
  expect(rate).toBeGreaterThan(0);
  expect(rate).toBeLessThanOrEqual(400);
  // Too soon after the last reading to say anything new.
  expect(rates.update(a, 200)).toBe(rate);
  expect(rates.update(a, 50)).toBeNull();
  expect(rates.update(a, null)).toBeNull();
  expect(rates.update(a, 60)).toBeNull();
  await delay(250);
  expect(rates.update(b, 5)).toBe(0);
});
