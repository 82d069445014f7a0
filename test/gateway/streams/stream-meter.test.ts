import { describe, expect, test } from 'vitest';
import { StreamMeter } from '../../../src/gateway/streams/stream-meter.ts';
import type { Verdict } from '../../../src/gateway/streams/stream-meter.ts';
import type { StreamApi } from '../../../src/gateway/streams/stream-texts.ts';

function take(meter: StreamMeter, text: string): Verdict {
  const bytes = Buffer.from(`${text}\n\n`);
  return meter.take(bytes, 0, bytes.length - 2, text.split('\n').length);
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}`;
const chat = (delta: unknown, finish: string | null = null): string => event({ choices: [{ index: 0, delta, finish_reason: finish }] });

describe('counting', () => {
  test.each<[string, StreamApi, readonly string[], number]>([
    ['plain content', 'chat', [chat({ role: 'assistant', content: '' }), chat({ content: 'a' }), chat({ content: 'b' })], 2],
    ['spaces after colons', 'chat', ['data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}'], 1],
    [
      'reasoning, refusal and tools',
      'chat',
      [chat({ reasoning_content: 'x' }), chat({ refusal: 'x' }), chat({ tool_calls: [{ index: 0, function: { arguments: '{' } }] })],
      3,
    ],
    [
      'two choices in one event',
      'chat',
      [
        event({
          choices: [
            { index: 0, delta: { refusal: 'a' } },
            { index: 1, delta: { refusal: 'b' } },
          ],
        }),
      ],
      2,
    ],
    ['completions', 'completions', [event({ choices: [{ index: 0, text: 'a' }] }), event({ choices: [{ index: 0, text: '', finish_reason: 'stop' }] })], 1],
    [
      'responses',
      'responses',
      [event({ type: 'response.output_text.delta', delta: 'a', sequence_number: 1 }), event({ type: 'response.output_text.done', text: 'a' })],
      1,
    ],
    ['comments and other fields', 'chat', [': ping', 'event: x\nid: 1'], 0],
  ])('%s', (_name, api, events, deltas) => {
    const meter = new StreamMeter(api, false);
    for (const one of events) expect(take(meter, one)).toBe('send');
    expect(meter.deltas).toBe(deltas);
  });

  test('usage, finish and the end marker', () => {
    const meter = new StreamMeter('chat', false);
    expect([meter.ended, meter.finish, meter.completionTokens]).toEqual([false, null, null]);
    take(meter, chat({ content: 'last' }, 'length'));
    take(meter, event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9 } }));
    take(meter, 'data: [DONE]');
    expect([meter.ended, meter.finish, meter.promptTokens, meter.completionTokens, meter.deltas]).toEqual([true, 'length', 5, 9, 1]);
  });

  test('a responses stream tells its end, its usage and its next sequence number', () => {
    const meter = new StreamMeter('responses', false);
    take(meter, event({ type: 'response.output_text.delta', delta: 'a', sequence_number: 7 }));
    expect(meter.nextSequence).toBe(8);
    take(meter, event({ type: 'response.completed', sequence_number: 8, response: { status: 'completed', usage: { input_tokens: 2, output_tokens: 1 } } }));
    expect([meter.ended, meter.finish, meter.promptTokens, meter.completionTokens]).toEqual([true, 'completed', 2, 1]);
  });
});

describe('verdicts', () => {
  test('only the usage event that the gateway asked for is left out', () => {
    const usage = event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9 } });
    expect(take(new StreamMeter('chat', true), usage)).toBe('drop');
    expect(take(new StreamMeter('chat', false), usage)).toBe('send');
    expect(take(new StreamMeter('chat', true), event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { completion_tokens: 1 } }))).toBe(
      'send',
    );
  });

  test.each(['data: {oops', 'data: [1]', 'data: hello', 'data: {"content":"x"', 'data: "text"', 'data:'])('%s is not valid', (text) => {
    expect(take(new StreamMeter('chat', false), text)).toBe('invalid');
  });

  test('a stream that opens texts without end is not followed', () => {
    const meter = new StreamMeter('chat', false);
    const verdicts = Array.from({ length: 1_100 }, (_, index) => take(meter, event({ choices: [{ index, delta: { refusal: 'x' } }] })));
    expect(verdicts.at(-1)).toBe('invalid');
  });

  test('an error event of the model server is sent and remembered', () => {
    const meter = new StreamMeter('chat', false);
    expect(take(meter, event({ error: { message: 'out of memory' } }))).toBe('send');
    expect(meter.failed).toBe(true);
  });
});
