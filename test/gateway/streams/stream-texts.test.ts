import { describe, expect, test } from 'vitest';
import { textPieces, TextStates } from '../../../src/gateway/streams/stream-texts.ts';
import type { StreamApi } from '../../../src/gateway/streams/stream-texts.ts';
import { SseFramer, eventData } from '../../../src/gateway/streams/sse-framer.ts';
import { asRecord } from '../../../src/core/json.ts';

const chat = (index: number, delta: unknown): Record<string, unknown> => ({ choices: [{ index, delta }] });

describe('the table of texts', () => {
  test.each<[StreamApi, Record<string, unknown>, readonly (readonly [string, string])[]]>([
    ['chat', chat(0, { content: 'a' }), [['0/content', 'a']]],
    [
      'chat',
      chat(2, {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
      [
        ['2/content.0', 'a'],
        ['2/content.1', 'b'],
      ],
    ],
    [
      'chat',
      chat(0, { refusal: 'a', reasoning_content: 'b', reasoning: 'c' }),
      [
        ['0/refusal', 'a'],
        ['0/reasoning_content', 'b'],
        ['0/reasoning', 'c'],
      ],
    ],
    ['chat', chat(1, { audio: { transcript: 'a' } }), [['1/audio.transcript', 'a']]],
    [
      'chat',
      chat(0, { function_call: { name: 'f', arguments: '{' } }),
      [
        ['0/function_call.name', 'f'],
        ['0/function_call.arguments', '{'],
      ],
    ],
    [
      'chat',
      chat(0, {
        tool_calls: [
          { index: 1, function: { name: 'f', arguments: '{' } },
          { index: 3, custom: { input: 'x' } },
        ],
      }),
      [
        ['0/tool_calls.1.function.name', 'f'],
        ['0/tool_calls.1.function.arguments', '{'],
        ['0/tool_calls.3.custom.input', 'x'],
      ],
    ],
    [
      'completions',
      {
        choices: [
          { index: 0, text: 'a' },
          { index: 1, text: 'b' },
        ],
      },
      [
        ['0/text', 'a'],
        ['1/text', 'b'],
      ],
    ],
    ['responses', { type: 'response.output_text.delta', output_index: 1, content_index: 2, delta: 'a' }, [['1/2/response.output_text.delta', 'a']]],
    ['responses', { type: 'response.refusal.delta', output_index: 1, content_index: 2, delta: 'a' }, [['1/2/response.refusal.delta', 'a']]],
    [
      'responses',
      { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 4, delta: 'a' },
      [['0/4/response.reasoning_summary_text.delta', 'a']],
    ],
    ['responses', { type: 'response.function_call_arguments.delta', output_index: 3, delta: '{' }, [['3/response.function_call_arguments.delta', '{']]],
    ['responses', { type: 'response.mcp_call_arguments.delta', item_id: 'i', delta: '{' }, [['i/response.mcp_call_arguments.delta', '{']]],
    ['responses', { type: 'response.output_text.done', output_index: 0, text: 'all' }, []],
    ['responses', { type: 'response.created', response: { instructions: 'secret' } }, []],
    ['chat', { choices: 'none' }, []],
    ['chat', chat(0, { content: 7, tool_calls: [null] }), []],
  ])('%s %j', (api, event, pieces) => {
    expect(textPieces(api, event).map(({ key, text }) => [key, text])).toEqual(pieces);
  });
});

/** Concatenates the text of every key: what a later stage sees of a stream. */
function texts(api: StreamApi, reads: readonly Buffer[]): Record<string, string> {
  const states = new TextStates(() => ({ text: '' }));
  const keys = new Set<string>();
  const framer = new SseFramer(
    {
      event: (bytes, _start, _end, textStart, textEnd) => {
        const event = asRecord(JSON.parse(eventData(bytes.toString('utf8', textStart, textEnd)) ?? '{}'));
        for (const piece of textPieces(api, event ?? {})) {
          keys.add(piece.key);
          const state = states.of(piece.key);
          if (state !== undefined) state.text += piece.text;
        }
      },
    },
    10_000,
  );
  for (const read of reads) framer.push(read);
  return Object.fromEntries([...keys].map((key) => [key, states.of(key)?.text ?? '']));
}

describe.each([1, 3])('interleaved choices, n = %i', (n) => {
  const words = ['CN', 'RY', 'é', '\u{1f600}', '"\\'];
  const events = words.flatMap((word) =>
    Array.from({ length: n }, (_, index) => chat(index, { content: `${word}${String(index)}`, tool_calls: [{ index: 0, function: { arguments: word } }] })),
  );
  const bytes = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
  const escaped = Buffer.from(bytes.toString().replaceAll('é', '\\u00e9').replaceAll('\u{1f600}', '\\ud83d\\ude00').replaceAll('CN', '\\u0043N'));
  const expected: Record<string, string> = {};
  for (let index = 0; index < n; index++) {
    expected[`${String(index)}/content`] = words.map((word) => `${word}${String(index)}`).join('');
    expected[`${String(index)}/tool_calls.0.function.arguments`] = words.join('');
  }

  test.each([
    ['plain', bytes],
    ['escaped', escaped],
  ])('%s: states never mix, at every split position', (_name, stream) => {
    expect(texts('chat', [stream])).toEqual(expected);
    for (let at = 0; at <= stream.length; at++) expect(texts('chat', [stream.subarray(0, at), stream.subarray(at)])).toEqual(expected);
    expect(
      texts(
        'chat',
        [...stream].map((byte) => Buffer.from([byte])),
      ),
    ).toEqual(expected);
  });
});

test('the number of keys is bounded', () => {
  const states = new TextStates(() => 0, 2);
  expect([states.of('a'), states.of('b'), states.of('c'), states.of('a')]).toEqual([0, 0, undefined, 0]);
});
