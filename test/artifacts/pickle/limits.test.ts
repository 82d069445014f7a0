import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OPCODES } from '../../../src/artifacts/pickle/opcodes.ts';
import { scanBytes } from '../memory-unit.ts';
import { code, MEMOIZE, pickle, proto, SYSTEM, text, u32 } from './assembler.ts';

const RESOURCES: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['an integer of 60,000 digits', code(`L${'9'.repeat(60_000)}L\n.`)],
  ['a long integer in bytes', pickle(Buffer.from([0x8b]), u32(40_000), Buffer.alloc(40_000, 0x7f))],
  ['20,000 lists in each other', pickle(']'.repeat(20_000), 'a'.repeat(19_999))],
  ['lists that multiply', laughs()],
  ['a memo slot that reserves memory', pickle('Nr', u32(0xfffffff0))],
  ['too many marks', pickle('('.repeat(100_001))],
];

/** Each list holds the one before ten times. */
function laughs(): Buffer {
  const parts: (Buffer | string)[] = [']', MEMOIZE];
  for (let level = 0; level < 12; level += 1) {
    parts.push(']', MEMOIZE, '(', ...Array.from({ length: 10 }, () => code('h', Buffer.from([level]))), 'e');
  }
  return pickle(...parts);
}

test.each(RESOURCES)('%s is a limit that is named', async (_what, content) => {
  const scan = await scanBytes(content);
  expect(scan.ids).toContain('pickle-limit');
  expect(scan.verdict).not.toBe('clean');
});

test('a payload behind a passed limit of memory is still found', async () => {
  expect((await scanBytes(pickle(']'.repeat(2000), 'a'.repeat(1999), SYSTEM))).verdict).toBe('malicious');
});

test('what is not read because of a limit is named in the coverage', async () => {
  const scan = await scanBytes(pickle('N0'.repeat(5_000_001)));
  expect(scan.ids).toContain('pickle-limit');
  expect(scan.notChecked).toContain('imports and calls of every pickle');
}, 60_000);

test('large ordinary pickles pass', async () => {
  const tokens = Array.from({ length: 50_000 }, (_, i) => code(text(`token${String(i)}`), MEMOIZE, 'J', u32(i)));
  expect((await scanBytes(pickle('}', MEMOIZE, '(', tokens, 'u'))).findings).toEqual([]);
  const wide = Array.from({ length: 200_000 }, () => Buffer.from('K\x01', 'latin1'));
  expect((await scanBytes(pickle('(', wide, 't'))).findings).toEqual([]);
});

test('there are 68 opcodes with names of their own', () => {
  const known = OPCODES.filter((opcode) => opcode !== undefined);
  expect(known).toHaveLength(68);
  expect(new Set(known.map(({ name }) => name)).size).toBe(68);
});

test('no bytes make the scan throw, and what does not end well is never clean', async () => {
  const codes = OPCODES.flatMap((opcode) => (opcode === undefined ? [] : [opcode.code]));
  const noise = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...codes).map((byte) => Buffer.from([byte])) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(code('cos\nsystem\n'), text('os'), code('I1\n'), code("S'a'\n"), code('p1\n')) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(noise, { maxLength: 60 }), async (parts) => {
      const content = code(proto(4), ...parts);
      const scan = await scanBytes(content);
      if (!content.includes(0x2e)) expect(scan.verdict).not.toBe('clean');
    }),
    { numRuns: 2000 },
  );
});

test('a payload is found wherever the stream breaks behind it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (tail) => {
      expect((await scanBytes(pickle(SYSTEM, Buffer.from(tail)))).verdict).toBe('malicious');
    }),
  );
});
