import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEvents } from '../../../src/evaluation/client/event-stream.ts';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function eventsOf(text: string | Uint8Array, sizes: readonly number[] = [7]): Promise<string[]> {
  const events: string[] = [];
  for await (const event of readEvents(inPieces(Buffer.from(text as string), sizes))) events.push(event);
  return events;
}

describe('server-sent events', () => {
  test('are the same wherever the bytes are cut', async () => {
    const stream = ': hello\ndata: {"a":"caf\u00e9 \u{1f600}"}\n\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\nid: 7\n\ndata: [DONE]\n\ndata: lost';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
        expect(await eventsOf(stream, sizes)).toEqual(['{"a":"caf\u00e9 \u{1f600}"}', 'two\nlines', '[DONE]']);
      }),
    );
  });

  test('nothing is no event', async () => {
    expect(await eventsOf('')).toEqual([]);
    expect(await eventsOf('\n\n\n')).toEqual([]);
    expect(await eventsOf('data:\n\n')).toEqual(['']);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    await expect(eventsOf(Uint8Array.of(0x64, 0xff, 0x0a))).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  test('an event without an end is refused, in one line or in many', async () => {
    await expect(eventsOf('data: ' + 'x'.repeat(5_000_000), [65_536])).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    await expect(eventsOf('data: xxxxxxxx\n'.repeat(400_000), [65_536])).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });
});
