import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventData, SseFramer } from '../../../src/gateway/streams/sse-framer.ts';

interface Framed {
  readonly text: string;
  readonly lines: number;
}

/** Frames the reads; also proves that what was reported is not changed by later reads. */
function frame(
  reads: readonly Buffer[],
  maxEventBytes = 1_000_000,
): { readonly events: readonly Framed[]; readonly whole: string; readonly rest: string; readonly ok: boolean } {
  const events: { readonly bytes: Buffer; readonly text: string; readonly lines: number; readonly raw: string }[] = [];
  const framer = new SseFramer(
    {
      event: (bytes, start, end, textStart, textEnd, lines) => {
        const part = bytes.subarray(start, end);
        events.push({ bytes: part, raw: part.toString('latin1'), text: bytes.toString('utf8', textStart, textEnd), lines });
      },
    },
    maxEventBytes,
  );
  let ok = true;
  for (const read of reads) ok = ok && framer.push(read);
  for (const event of events) expect(event.bytes.toString('latin1')).toBe(event.raw);
  const rest = framer.rest().toString('latin1');
  return { events: events.map(({ text, lines }) => ({ text, lines })), whole: events.map((event) => event.raw).join('') + rest, rest, ok };
}

const STREAM = ['data: {"a":"één"}', ': ping', 'event: x\ndata: 1\ndata: 2', 'id: 7\ndata: [DONE]'];
const EXPECTED: readonly Framed[] = STREAM.map((text) => ({ text, lines: text.split('\n').length }));

describe.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
])('line ends %s', (_name, end) => {
  const bytes = Buffer.from(STREAM.map((event) => event.replaceAll('\n', end) + end + end).join(''));
  const expected = EXPECTED.map((event) => ({ ...event, text: event.text.replaceAll('\n', end) }));

  /** A stray LF at the start of a read may come with the next event: the bytes are all there, the texts are the same. */
  function check(reads: readonly Buffer[]): void {
    const framed = frame(reads);
    expect(framed.events).toEqual(expected);
    expect(framed.whole).toBe(bytes.toString('latin1'));
    expect(framed.rest.trim()).toBe('');
    expect(framed.ok).toBe(true);
  }

  test('one read', () => {
    check([bytes]);
  });

  test('two reads, cut at every position', () => {
    for (let at = 0; at <= bytes.length; at++) check([bytes.subarray(0, at), bytes.subarray(at)]);
  });

  test('three reads, cut at every pair of positions', () => {
    for (let a = 0; a <= bytes.length; a++) {
      for (let b = a; b <= bytes.length; b += 3) check([bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)]);
    }
  });

  test('byte by byte', () => {
    check([...bytes].map((byte) => Buffer.from([byte])));
  });
});

test('mixed line ends, byte by byte and at once, give the same events', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('data: x', ':c', '', '\n', '\r', '\r\n', 'y'), { maxLength: 40 }),
      fc.array(fc.nat(80), { maxLength: 6 }),
      (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const reads = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        const cut = frame(reads);
        const byByte = frame([...bytes].map((byte) => Buffer.from([byte])));
        const once = frame([bytes]);
        expect(cut.events).toEqual(once.events);
        expect(byByte.events).toEqual(once.events);
        expect(cut.whole).toBe(bytes.toString('latin1'));
      },
    ),
  );
});

test('the unfinished event waits, and is bounded', () => {
  expect(frame([Buffer.from('data: 1\n\ndata: unfin')])).toMatchObject({ events: [{ text: 'data: 1', lines: 1 }], rest: 'data: unfin', ok: true });
  expect(frame([Buffer.alloc(600, 'x'), Buffer.alloc(600, 'x')], 1_000).ok).toBe(false);
  expect(frame([Buffer.from(`data: ${'x'.repeat(2_000)}\n\n`)], 1_000)).toMatchObject({ ok: false, events: [] });
  expect(
    frame(
      Array.from({ length: 3_000 }, () => Buffer.from('x')),
      10_000,
    ).ok,
  ).toBe(true);
});

test.each([
  ['data: a\ndata: b', 'a\nb'],
  ['data:a\r\ndata:  b', 'a\n b'],
  ['event: x\n: c\nid: 3', undefined],
  ['data', ''],
  ['data\ndata', '\n'],
  ['database: x', undefined],
])('data of %j', (text, data) => {
  expect(eventData(text)).toBe(data);
});
