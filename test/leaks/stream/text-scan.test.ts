import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import { holdDepth, type Pattern } from '../../../src/leaks/stream/pattern-table.ts';
import { type Leak, TextScan } from '../../../src/leaks/stream/text-scan.ts';
import { TextState } from '../../../src/leaks/stream/text-state.ts';

function scanned(patterns: readonly Pattern[], pieces: readonly string[]) {
  const leaks: Leak[] = [];
  const scan = new TextScan(compileInspection(patterns, []), (leak) => leaks.push(leak));
  const state = new TextState('0', 'content');
  for (const piece of pieces) scan.read(state, Buffer.from(piece), 0, Buffer.byteLength(piece));
  return { scan, state, leaks };
}

const named = (texts: readonly string[]): readonly Pattern[] => texts.map((text, i) => ({ id: `p${String(i)}`, text }));
const few = fc.array(fc.constantFrom('a', 'B', 'c'), { minLength: 8, maxLength: 28 }).map((letters) => letters.join(''));

test('finds exactly what a search for every pattern finds, however the text is cut', () => {
  fc.assert(
    fc.property(
      fc.array(few, { minLength: 1, maxLength: 6 }),
      fc.array(fc.oneof(few, fc.constantFrom('A', 'b', 'C', '')), { maxLength: 12 }),
      (texts, pieces) => {
        const whole = pieces.join('').toLowerCase();
        const expected = texts.flatMap((text, i) =>
          Array.from({ length: whole.length }, (_, at) => at)
            .filter((at) => whole.startsWith(text.toLowerCase(), at))
            .map((at) => `p${String(i)}@${String(at)}`),
        );
        const { leaks } = scanned(named(texts), pieces);
        expect(leaks.map(({ id, offset }) => `${id}@${String(offset)}`).toSorted()).toEqual(expected.toSorted());
      },
    ),
  );
});

test('holds from where the longest beginning of a pattern that is deep enough begins, after every piece', () => {
  fc.assert(
    fc.property(fc.array(few, { minLength: 1, maxLength: 5 }), fc.array(fc.constantFrom('a', 'B', 'c', 'ab', 'x'), { maxLength: 60 }), (texts, pieces) => {
      const { scan, state } = scanned(named(texts), []);
      let whole = '';
      for (const piece of pieces) {
        scan.read(state, Buffer.from(piece), 0, piece.length);
        whole += piece.toLowerCase();
        const start = Array.from({ length: whole.length }, (_, at) => at).find((at) =>
          texts.some((text) => whole.length - at >= holdDepth(text.length) && text.toLowerCase().startsWith(whole.slice(at))),
        );
        expect(scan.holdStart(state)).toBe(start ?? -1);
      }
    }),
  );
});

test('more patterns than stand in the automaton whole are found as well, with the same holds', () => {
  const texts = Array.from(
    { length: 4500 },
    (_, i) => `key-${String((i * 7919) % 100_003).padStart(6, '0')}-${String((i * 104_729) % 99_991).padStart(9, 'z')}`,
  );
  const patterns = named([...texts, 'key-000001-shorter', 'unrelated text']);
  const table = compileInspection(patterns, []);
  expect(Math.max(...table.patterns.pathLength)).toBeLessThan(14);
  for (const i of [0, 1, 2249, 4499, 4500, 4501]) {
    const text = patterns[i]?.text ?? '';
    const leaks: Leak[] = [];
    const scan = new TextScan(table, (leak) => leaks.push(leak));
    const state = new TextState('0', 'content');
    const deep = Math.min(...patterns.map((pattern) => holdDepth(pattern.text.length)));
    for (let at = 0; at < text.length; at += 1) {
      scan.read(state, Buffer.from(text.toUpperCase()), at, at + 1);
      if (at + 1 >= holdDepth(text.length) && at + 1 < text.length) expect(scan.holdStart(state)).toBe(0);
      if (at + 1 < deep) expect(scan.holdStart(state)).toBe(-1);
    }
    expect(leaks.map(({ id, offset, length }) => ({ id, offset, length }))).toEqual([{ id: `p${String(i)}`, offset: 0, length: text.length }]);
  }
});

test('eight characters are held, of a short pattern a third', () => {
  expect([8, 9, 12, 21, 22, 23, 24, 250].map(holdDepth)).toEqual([3, 3, 4, 7, 8, 8, 8, 8]);
});

test('two equal patterns are both told, as are patterns inside of patterns', () => {
  const { leaks } = scanned(named(['abcdefgh', 'ABCDEFGH', 'xabcdefghi', 'cdefghij']), ['..xabcd', 'efghij']);
  expect(leaks.map(({ id }) => id).toSorted()).toEqual(['p0', 'p1', 'p2', 'p3']);
});

test('at the end of a text sixteen bytes of a canary count as the canary, fifteen do not', () => {
  const patterns = named(['0123456789abcdefghijklmn']);
  const sixteen = scanned(patterns, ['x 0123456789', 'abcdef']);
  sixteen.scan.finish(sixteen.state);
  expect(sixteen.leaks).toEqual([{ kind: 'canary', id: 'p0', choice: '0', field: 'content', offset: 2, length: 16, whole: false }]);
  const fifteen = scanned(patterns, ['0123456789abcde']);
  fifteen.scan.finish(fifteen.state);
  expect(fifteen.leaks).toEqual([]);
  expect(fifteen.scan.holdStart(fifteen.state)).toBe(-1);
});

test('a pattern that is too short or too long is refused', () => {
  expect(() => compileInspection(named(['1234567']), [])).toThrow(RangeError);
  expect(() => compileInspection(named(['x'.repeat(251)]), [])).toThrow(RangeError);
  expect(() => compileInspection(named(['']), [])).toThrow(RangeError);
});

test('no pattern at all holds and finds nothing', () => {
  const { scan, state, leaks } = scanned([], ['anything', '']);
  scan.finish(state);
  expect([leaks, scan.holdStart(state)]).toEqual([[], -1]);
});

test('the version names canaries and rules, in any order of the canaries', () => {
  const [a, b] = named(['abcdefgh', 'ijklmnop']);
  const version = (patterns: readonly (Pattern | undefined)[]): string =>
    compileInspection(
      patterns.filter((pattern) => pattern !== undefined),
      [],
    ).version;
  expect(version([a, b])).toBe(version([b, a]));
  expect(version([a])).not.toBe(version([a, b]));
});
