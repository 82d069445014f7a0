import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { InspectedStream } from '../../../src/leaks/stream/inspected-stream.ts';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import { mintedCanaries } from '../minted-canaries.ts';
import { eventStream, readsOf, runStream } from './run-stream.ts';
import { longestBeginning } from './split-matrix.ts';

const canaries = mintedCanaries(50, 'inspected stream');
const [first = { id: '', text: '' }, second = { id: '', text: '' }] = canaries;
const table = compileInspection(canaries, SECRET_RULES);
const chat = (text: string, choice = 0): string =>
  `{"id":"c","choices":[{"index":${String(choice)},"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]}`;
const told = (text: string): string => Array.from(text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g), ([, inner]) => inner ?? '').join('');

test('what holds no leak leaves unchanged, byte by byte, whatever the reads are', () => {
  const pieces = fc.array(
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('ELU-', 'elu-00', first.text.slice(0, 15), 'task-force', 'https://', 'eyJ', 'ghp_abc', '\n', '')),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 3), (texts, size, n) => {
      // A harmless ending: the last piece could be most of a canary.
      const bytes = eventStream([...texts.map((text, i) => chat(text, i % n)), ...[0, 1, 2].map((choice) => chat(' . ', choice)), '[DONE]']);
      const { out, leaks, fault } = runStream(table, 'chat', readsOf(bytes, size));
      expect({ out, leaks, fault }).toEqual({ out: bytes.toString(), leaks: [], fault: undefined });
    }),
  );
});

test('a canary among random pieces and choices never leaves beyond its seventh character', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 23 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 400 }),
      fc.boolean(),
      fc.string(),
      (places, size, lower, before) => {
        const text = lower ? first.text.toLowerCase() : first.text;
        const ends = [...new Set(places), text.length].toSorted((a, b) => a - b);
        const pieces = ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
        const bytes = eventStream([chat(before), ...pieces.flatMap((piece) => [chat(piece), chat('elu-', 1)]), chat('after')]);
        const { out, leaks } = runStream(table, 'chat', readsOf(bytes, size));
        expect(leaks.map(({ id, choice, field }) => ({ id, choice, field }))).toEqual([{ id: first.id, choice: '0', field: 'content' }]);
        expect(longestBeginning(told(out), text)).toBeLessThanOrEqual(7);
      },
    ),
  );
});

test('a false start directly before the real one, and two canaries that begin alike', () => {
  const alike = [
    { id: 'a', text: 'ELU-0000-0000-0000-0000' },
    { id: 'b', text: 'ELU-0000-0000-0000-0001' },
  ];
  const pair = compileInspection(alike, []);
  for (const { id, text } of alike) {
    for (const start of ['ELU-0000-0000-000', 'ELU-0000-0000-0000-', 'E', 'ELU-0000-0000-0000-000E']) {
      const bytes = eventStream(Array.from(`${start}${text}`, (character) => chat(character)));
      const { out, leaks } = runStream(pair, 'chat', readsOf(bytes, 90));
      expect(leaks.map((leak) => [leak.id, leak.offset])).toEqual([[id, start.length]]);
      expect(longestBeginning(told(out).slice(start.length), text)).toBeLessThanOrEqual(7);
    }
  }
});

test('the leak tells where it stood and not what it was', () => {
  const { leaks } = runStream(table, 'chat', [eventStream([chat('Grüße: '), chat(second.text)])]);
  expect(leaks).toEqual([{ kind: 'canary', id: second.id, choice: '0', field: 'content', offset: 9, length: 23, whole: true }]);
  expect(JSON.stringify(leaks)).not.toContain(second.text.slice(4, 12));
});

test('an upstream that is aborted while events are held lets nothing of them out', () => {
  const bytes = eventStream([chat('So: '), chat(first.text.slice(0, 7)), chat(first.text.slice(7, 22))]);
  const { out, leaks } = runStream(table, 'chat', readsOf(bytes, 1), { ends: false });
  expect(leaks).toEqual([]);
  expect(told(out)).toBe(`So: ${first.text.slice(0, 7)}`);
});

test('at the end of the stream most of a canary is a leak and less of it is flushed', () => {
  const [most, less] = [16, 15].map((length) => eventStream([chat('So: '), chat(first.text.slice(0, 9)), chat(first.text.slice(9, length)), '[DONE]']));
  const cut = runStream(table, 'chat', [most ?? Buffer.alloc(0)]);
  expect([cut.leaks[0]?.whole, told(cut.out)]).toEqual([false, 'So: ']);
  expect(runStream(table, 'chat', [less ?? Buffer.alloc(0)])).toMatchObject({ out: less?.toString(), leaks: [] });
});

test('what is sent before a hold is what stands before the event in which the partial match began', () => {
  const stream = new InspectedStream(table, 'chat', { mode: 'cut' });
  const events = [chat('one '), chat(`two ${first.text.slice(0, 4)}`), chat('other', 1), chat(first.text.slice(4, 10))].map((one) => eventStream([one]));
  const bytes = Buffer.concat(events);
  let at = 0;
  for (const { length } of events) stream.push(bytes, at, (at += length));
  expect(stream.settle()).toEqual([{ bytes, start: 0, end: events[0]?.length }]);
  const next = eventStream([chat('no canary')]);
  stream.push(next, 0, next.length);
  const rest = stream.settle();
  expect(Buffer.concat(rest.map((run) => run.bytes.subarray(run.start, run.end))).toString()).toBe(Buffer.concat([...events.slice(1), next]).toString());
  expect([stream.heldBytes, stream.heldEvents]).toEqual([0, 0]);
});

test('when the event in which a partial match began has left, everything behind it waits, other choices too', () => {
  const stream = new InspectedStream(table, 'chat', { mode: 'cut' });
  const [began, other, goesOn] = [chat(first.text.slice(0, 5)), chat('other', 1), chat(first.text.slice(5, 9))].map((one) => eventStream([one]));
  stream.push(began ?? Buffer.alloc(0), 0, began?.length ?? 0);
  expect(stream.settle()).toHaveLength(1);
  const bytes = Buffer.concat([other ?? Buffer.alloc(0), goesOn ?? Buffer.alloc(0)]);
  stream.push(bytes, 0, other?.length ?? 0);
  stream.push(bytes, other?.length ?? 0, bytes.length);
  expect([stream.settle(), stream.heldEvents, stream.heldBytes]).toEqual([[], 2, bytes.length]);
});

test('a member of the same name elsewhere in the event is not taken for the text', () => {
  const doubled = compileInspection([{ id: 'doubled', text: 'aabbccddeeffgghhiijjkkll' }], []);
  const event = (text: string): string => `{"note":{"content":"same"},"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}}}]}`;
  const bytes = eventStream(Array.from('aabbccddeeffgghhiijjkkll', event));
  expect(runStream(doubled, 'chat', readsOf(bytes, 100)).leaks.map(({ id }) => id)).toEqual(['doubled']);
});

test('a stream in which too much would wait is cut', () => {
  const start = chat(first.text.slice(0, 12));
  const many = eventStream([start, ...Array.from({ length: 260 }, () => chat('x', 1))]);
  expect(runStream(table, 'chat', readsOf(many, 500))).toMatchObject({ leaks: [], fault: 'inspection_overflow' });
  const large = eventStream([start, chat('x'.repeat(70_000), 1)]);
  expect(runStream(table, 'chat', [large]).fault).toBe('inspection_overflow');
});

test.each([
  ['malformed JSON', 'data: {"choices":[{"index":0,"delta":{"content":"x"}}\n\n'],
  ['a string that is not closed', 'data: {"choices":[{"index":0,"delta":{"content":"x}}]}\n\n'],
  ['a control character in a string', 'data: {"choices":[{"index":0,"delta":{"content":"a\u0001b"},"finish_reason":null}]}\n\n'],
  ['an escape that is none', 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a\\qb"},"finish_reason":null}]}\n\n'],
  ['a member that stands twice', 'data: {"choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}\n\n'],
  ['no object', 'data: "text"\n\n'],
  ['no JSON', 'data: hello\n\n'],
  ['nested too deep', `data: {"a":${'['.repeat(100)}${']'.repeat(100)}}\n\n`],
  ['two values', 'data: {}\ndata: {}\n\n'],
])('%s is a fault, before and after an event of the common form', (_, event) => {
  const common = eventStream([chat('a'), chat('b')]);
  for (const bytes of [Buffer.from(event), Buffer.concat([common, Buffer.from(event)])]) {
    expect(runStream(table, 'chat', readsOf(bytes, 7)).fault).toBe('inspection_failed');
  }
});

test('bytes that are no UTF-8 are a fault, on the slow path and on the fast one', () => {
  const bad = Buffer.from(`data: ${chat('a@b')}\n\n`);
  bad[bad.indexOf('@')] = 0xff;
  for (const bytes of [bad, Buffer.concat([eventStream([chat('a')]), bad])]) expect(runStream(table, 'chat', [bytes]).fault).toBe('inspection_failed');
});

test('an event of Responses of no known kind is a fault; one that came later than this code is inspected', () => {
  expect(runStream(table, 'responses', [eventStream(['{"type":"thread.message","text":"hello"}'])]).fault).toBe('inspection_failed');
  const later = eventStream([`{"type":"response.poem.completed","poem":{"lines":["${first.text}"]}}`]);
  expect(runStream(table, 'responses', [later]).leaks).toHaveLength(1);
});

test("the echo of the caller's instructions is no leak unless the gateway has added to them", () => {
  const event = eventStream([`{"type":"response.created","response":{"id":"r","instructions":"never tell ${first.text}"}}`]);
  expect(runStream(table, 'responses', [event])).toMatchObject({ out: event.toString(), leaks: [], fault: undefined });
  const strict = new InspectedStream(table, 'responses', { mode: 'cut', inspectInstructions: true });
  expect(strict.push(event, 0, event.length)).toBe(false);
});

test('comments, names of events and member names are inspected as well', () => {
  for (const event of [`: ${first.text}\n\n`, `event: ${first.text}\ndata: {}\n\n`, `data: {"choices":[],"x":{"${first.text}":1}}\n\n`]) {
    expect(runStream(table, 'chat', [Buffer.from(event)]).leaks).toHaveLength(1);
  }
});

test('heartbeats, the end mark, carriage returns and several data lines pass', () => {
  const text = ': ping\r\n\r\ndata:\r\n\r\ndata: {"choices":[{"index":0,\r\ndata: "delta":{"content":"a"}}]}\r\n\r\ndata: [DONE]\r\n\r\n';
  expect(runStream(table, 'chat', readsOf(Buffer.from(text), 3))).toMatchObject({ out: text, fault: undefined });
});

test('in mode observe everything leaves at once, faults and leaks too', () => {
  const bytes = eventStream([chat(first.text.slice(0, 12)), chat(first.text.slice(12)), 'no JSON', chat(second.text)]);
  const { out, leaks, fault, mostHeld } = runStream(table, 'chat', readsOf(bytes, 50), { mode: 'observe' });
  expect({ out, ids: leaks.map(({ id }) => id), fault, mostHeld }).toEqual({
    out: bytes.toString(),
    ids: [first.id, second.id],
    fault: 'inspection_failed',
    mostHeld: 0,
  });
});

test('a stream that opens more texts than can be followed is a fault', () => {
  const bytes = eventStream(Array.from({ length: 1100 }, (_, choice) => chat('a', choice)));
  expect(runStream(table, 'chat', [bytes]).fault).toBe('inspection_failed');
});

test('a fingerprint, a sequence number or a time that changes in every event changes nothing', () => {
  const event = (i: number, text: string): string =>
    `{"sequence_number":${String(i)},"created":${String(1_795_824_000 + i)},"choices":[{"index":0,"delta":{"content":"${text}"}}],"system_fingerprint":"${(i * 48_271).toString(16).padStart(16, '0')}"}`;
  const bytes = eventStream(Array.from(first.text, (character, i) => event(i, character)));
  const { out, leaks } = runStream(table, 'chat', readsOf(bytes, 64));
  expect([leaks.length, told(out)]).toEqual([1, first.text.slice(0, 7)]);
});
