import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { walkJson } from '../../../src/artifacts/safetensors/json-walk.ts';
import type { JsonFault } from '../../../src/artifacts/safetensors/json-walk.ts';

function walk(bytes: Buffer, maxDepth = 1000): { fault: JsonFault | undefined; events: string[] } {
  const events: string[] = [];
  const fault = walkJson(
    bytes,
    {
      enter: (kind, depth, offset) => events.push(`enter ${kind} ${String(depth)} @${String(offset)}`),
      leave: (depth, offset) => events.push(`leave ${String(depth)} @${String(offset)}`),
      key: (name, depth, offset) => events.push(`key ${name} ${String(depth)} @${String(offset)}`),
      string: (text, depth, offset) => events.push(`string ${text} ${String(depth)} @${String(offset)}`),
      plain: (text, depth, offset) => events.push(`plain ${text} ${String(depth)} @${String(offset)}`),
    },
    maxDepth,
  );
  return { fault, events };
}

describe('walkJson', () => {
  it('comes past every name, also one that stands twice, with offsets in bytes', () => {
    expect(walk(Buffer.from('{"ä": 1, "ä": [true]}')).events).toEqual([
      'enter object 0 @0',
      'key ä 0 @1',
      'plain 1 1 @7',
      'key ä 0 @10',
      'enter array 1 @16',
      'plain true 2 @17',
      'leave 1 @21',
      'leave 0 @22',
    ]);
  });

  it('accepts what JSON.parse accepts', () => {
    fc.assert(fc.property(fc.json(), (text) => walk(Buffer.from(text)).fault === undefined || !text.isWellFormed() || /\\u[dD][89a-fA-F]/.test(text)));
  });

  it('refuses what JSON.parse refuses, and does not throw', () => {
    const almost = fc.tuple(fc.json(), fc.nat(), fc.string({ unit: 'grapheme-ascii', maxLength: 2 })).map(([text, at, insert]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + insert + text.slice(place + 1);
    });
    fc.assert(
      fc.property(almost, (text) => {
        const { fault } = walk(Buffer.from(text));
        try {
          JSON.parse(text);
          return true;
        } catch {
          return fault !== undefined;
        }
      }),
    );
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a control character in a string', Buffer.from('"a\nb"')],
    ['half a surrogate pair', Buffer.from('"\\ud800"')],
    ['a comma at the end', Buffer.from('[1,]')],
    ['a number with a leading zero', Buffer.from('01')],
    ['two values', Buffer.from('1 2')],
    ['nothing', Buffer.from(' ')],
    ['too deep nesting', Buffer.from('['.repeat(1001))],
    ['a number without end', Buffer.from('1'.repeat(10_000))],
  ])('refuses %s', (_, bytes) => {
    expect(walk(bytes).fault).toBeDefined();
  });
});
