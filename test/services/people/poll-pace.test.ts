import { expect, test } from 'vitest';
import { createPollPace } from '../../../src/services/people/poll-pace.ts';

function paced(limit = 10) {
  let nowMs = 0;
  const pace = createPollPace(2_000, limit, () => nowMs);
  return {
    after: (ms: number, who = 'a'): string => {
      nowMs += ms;
      try {
        pace(who);
        return 'ok';
      } catch (thrown) {
        return (thrown as { readonly code: string }).code;
      }
    },
  };
}

test('who keeps to the interval is never slowed down', () => {
  const { after } = paced();
  expect([after(0), after(2_000), after(2_000), after(60_000)]).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('who asks too early waits five seconds longer, each time', () => {
  const { after } = paced();
  expect([after(0), after(1_999)]).toEqual(['ok', 'SIGN_IN_SLOW_DOWN']);
  expect([after(6_999), after(11_999), after(17_000), after(17_000)]).toEqual(['SIGN_IN_SLOW_DOWN', 'SIGN_IN_SLOW_DOWN', 'ok', 'ok']);
});

test('one does not slow another down, and memory is bounded', () => {
  const { after } = paced(2);
  expect([after(0, 'a'), after(0, 'b'), after(0, 'c')]).toEqual(['ok', 'ok', 'ok']);
  // The oldest was forgotten for c.
  expect([after(0, 'b'), after(0, 'a')]).toEqual(['SIGN_IN_SLOW_DOWN', 'ok']);
});
