import { expect, test } from 'vitest';
import { Turns } from '../../src/runbook/turns.ts';

/** Work that ends when it is told to. */
function gate(): { readonly work: () => Promise<string>; readonly begun: () => boolean; readonly end: (what?: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let begun = false;
  return {
    work: () => {
      begun = true;
      return promise;
    },
    begun: () => begun,
    end: (what) => {
      if (what === undefined) resolve('done');
      else reject(what);
    },
  };
}

test('two of one caller at a time, the next in the order of their coming, and a failure hands its turn on', async () => {
  const turns = new Turns();
  const gates = [gate(), gate(), gate(), gate()];
  const taken = gates.map(({ work }) => turns.take('per_a', work));
  const begun = (): readonly boolean[] => gates.map((each) => each.begun());
  await Promise.resolve();
  expect(begun()).toEqual([true, true, false, false]);
  gates[1]?.end(new Error('too intricate'));
  await expect(taken[1]).rejects.toThrow('too intricate');
  await expect.poll(begun).toEqual([true, true, true, false]);
  for (const { end } of gates) end();
  expect(await Promise.all([taken[0], taken[2], taken[3]])).toEqual(['done', 'done', 'done']);
});

test('nobody waits for somebody else', async () => {
  const turns = new Turns();
  const held = [gate(), gate(), gate()];
  const hostile = held.map(({ work }) => turns.take('per_hostile', work));
  expect(await turns.take('per_on_call', () => Promise.resolve('isolated'))).toBe('isolated');
  for (const { end } of held) end();
  await Promise.all(hostile);
});

test('a caller with twenty that wait is refused, and heard again once they are done', async () => {
  const turns = new Turns();
  const gates = Array.from({ length: 22 }, gate);
  const taken = gates.map(({ work }) => turns.take('per_a', work));
  await expect(turns.take('per_a', () => Promise.resolve('no'))).rejects.toMatchObject({ code: 'CONCURRENCY_LIMITED' });
  for (const { end } of gates) end();
  await Promise.all(taken);
  expect(await turns.take('per_a', () => Promise.resolve('yes'))).toBe('yes');
});
