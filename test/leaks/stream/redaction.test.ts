import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import { redactEvent } from '../../../src/leaks/stream/redact-event.ts';
import { mintedCanaries } from '../minted-canaries.ts';
import { MADE_SECRETS } from '../secrets/made-secrets.ts';
import { clientEvents, eventStream, readsOf, runStream } from './run-stream.ts';

const canaries = mintedCanaries(10, 'redaction');
const [canary = { id: '', text: '' }] = canaries;
const table = compileInspection(canaries, SECRET_RULES);
const chat = (text: string, choice = 0): string =>
  JSON.stringify({ choices: [{ index: choice, delta: { content: text }, logprobs: { content: [{ token: text, logprob: -1 }] }, finish_reason: null }] });

interface Event {
  readonly choices: readonly { readonly index: number; readonly delta: { readonly content: string }; readonly logprobs: unknown }[];
}

const told = (out: string, choice = 0): string =>
  (clientEvents(out) as readonly Event[])
    .flatMap(({ choices }) => choices)
    .filter(({ index }) => index === choice)
    .map(({ delta }) => delta.content)
    .join('');

function redacted(pieces: readonly string[], size: number) {
  return runStream(table, 'chat', readsOf(eventStream([...pieces, '[DONE]']), size), { mode: 'redact' });
}

test('a canary is taken out of the events that wait, at every split position, and the stream goes on', () => {
  for (let at = 0; at <= canary.text.length; at += 1) {
    for (const size of [1, 150, 10_000]) {
      const { out, leaks } = redacted([chat(`Grüße ${canary.text.slice(0, at)}`), chat('other', 1), chat(`${canary.text.slice(at)} und Ende`)], size);
      expect(leaks.map(({ id }) => id)).toContain(canary.id);
      // What was too short to be held has left with the event that it stood in.
      const before = at < 8 && size < 10_000 ? canary.text.slice(0, at) : '';
      expect(told(out)).toBe(`Grüße ${before}[redacted] und Ende`);
      expect([told(out, 1), out.endsWith('data: [DONE]\n\n')]).toEqual(['other', true]);
    }
  }
});

test('whatever stands around leaks stays, and nothing of them does', () => {
  const part = fc.oneof(fc.constant(canary.text), fc.constantFrom(' ', 'ä', 'ELU-', 'words '));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (parts, size) => {
      const text = parts.join('');
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => chat(text.slice(i * size, (i + 1) * size)));
      const { out } = redacted(pieces, 1_000_000);
      expect(told(out)).toBe(text.replaceAll(canary.text, '[redacted]'));
      expect(out).not.toContain(canary.text.slice(8, 16));
    }),
  );
});

test('a credential is taken out together with its anchor', () => {
  const token = MADE_SECRETS.find(([id]) => id === 'github-token')?.[2]('redaction') ?? '';
  expect(told(redacted([chat('It is '), chat(token.slice(0, 12)), chat(`${token.slice(12)}, thanks.`)], 10_000).out)).toBe('It is [redacted], thanks.');
});

test('a credential that goes on behind what was found cuts the stream', () => {
  for (const id of ['private-key', 'signed-web-token']) {
    const secret = MADE_SECRETS.find(([one]) => one === id)?.[2]('goes on') ?? '';
    expect(redacted([chat(`It is ${secret}`), chat(` ${'and more '.repeat(40)}`)], 10_000).out).toBe('');
  }
});

test('log probabilities repeat the text, so they go', () => {
  const { out } = redacted([chat(`a ${canary.text}`), chat(' b')], 10_000);
  expect((clientEvents(out) as readonly Event[]).map(({ choices }) => choices[0]?.logprobs)).toEqual([null, { content: [{ token: ' b', logprob: -1 }] }]);
});

test('a leak that cannot be taken out cuts the stream: arguments, a whole message, parts of content', () => {
  for (const event of [
    `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"${canary.text}"}}]}}]}`,
    `{"choices":[{"index":0,"message":{"content":"${canary.text}"}}]}`,
    `{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"${canary.text}"}]}}]}`,
  ]) {
    expect(redacted([chat('before'), event, chat('after')], 10_000)).toMatchObject({ out: '' });
  }
});

test('an event without choices or with text in parts is not rewritten', () => {
  const part = { choice: '0', field: 'content', from: 0, to: 1, first: true };
  for (const data of ['{}', '{"choices":[{"index":0}]}', '{"choices":[{"index":0,"delta":{"content":["a"]}}]}']) {
    expect(redactEvent(eventStream([data]), [part])).toBeUndefined();
  }
  expect(redactEvent(Buffer.from(': nothing\n\n'), [part])).toBeUndefined();
});
