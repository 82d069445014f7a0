import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { walkMessages } from '../../../src/artifacts/protobuf/message-walk.ts';
import { fieldsOf, ProtobufFault } from '../../../src/artifacts/protobuf/wire.ts';
import { field, number, varint } from './make-message.ts';

const fields = (bytes: Buffer) => [...fieldsOf(bytesSource(bytes), { from: 0, to: bytes.length })];
const { signal } = new AbortController();

describe('fieldsOf', () => {
  it.each([
    ['a tag cut short', Buffer.from([0x80])],
    ['a number cut short', Buffer.from([0x08, 0xff])],
    ['a number of eleven bytes', Buffer.from([0x08, ...Array<number>(10).fill(0x80), 0])],
    ['bytes beyond the end', Buffer.from([0x0a, 5, 1, 2])],
    ['a length of 2^64 - 1', Buffer.concat([Buffer.from([0x0a]), varint(2n ** 64n - 1n)])],
    ['the field 0', Buffer.from([0x02, 0])],
    ['wire type 6', Buffer.from([0x0e, 0])],
    ['wire type 7', Buffer.from([0x0f, 0])],
    ['half a fixed number', Buffer.from([0x09, 1, 2, 3])],
    ['a group without end', Buffer.from([0x0b, 0x10, 1])],
    ['an end without a group', Buffer.from([0x0c])],
    ['groups that are crossed', Buffer.from([0x0b, 0x13, 0x0c, 0x14])],
    ['a thousand open groups', Buffer.alloc(1000, 0x0b)],
  ])('refuses %s', (_, bytes) => {
    expect(() => fields(bytes)).toThrow(ProtobufFault);
  });

  it('gives numbers, spans and what stands between them, with offsets', () => {
    const bytes = Buffer.concat([
      number(1, 300),
      field(2, 'text'),
      Buffer.from([0x1d, 1, 2, 3, 4]),
      Buffer.from([0x23, 0x08, 1, 0x24]),
      number(5, 2n ** 64n - 1n),
    ]);
    expect(fields(bytes)).toEqual([
      { number: 1, at: 0, kind: 'varint', value: 300n },
      { number: 2, at: 3, kind: 'bytes', span: { from: 5, to: 9 } },
      { number: 3, at: 9, kind: 'fixed', span: { from: 10, to: 14 } },
      { number: 5, at: 18, kind: 'varint', value: 2n ** 64n - 1n },
    ]);
  });

  it('does not read what it passes over', () => {
    const head = Buffer.concat([Buffer.from([0x0a]), varint(2 ** 33)]);
    let read = 0;
    const source = {
      size: head.length + 2 ** 33,
      read: (offset: number, length: number) => {
        read += length;
        return Buffer.concat([head, Buffer.alloc(100)]).subarray(offset, offset + length);
      },
    };
    expect([...fieldsOf(source, { from: 0, to: source.size })]).toEqual([
      { number: 1, at: 0, kind: 'bytes', span: { from: head.length, to: head.length + 2 ** 33 } },
    ]);
    expect(read).toBeLessThan(100_000);
  });

  it('never throws anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          fields(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufFault);
        }
      }),
    );
  });
});

describe('walkMessages', () => {
  const table = { A: { 1: 'A' } } as const;
  const walk = (bytes: Buffer): { readonly texts: string[]; readonly fault: ProtobufFault | null } => {
    const texts: string[] = [];
    const fault = walkMessages(
      bytesSource(bytes),
      'A',
      { from: 0, to: bytes.length },
      {
        table,
        message: (_type, own) => {
          for (const one of own) if (one.kind === 'bytes' && one.number === 2) texts.push(bytes.toString('latin1', one.span.from, one.span.to));
        },
        signal,
      },
    );
    return { texts, fault };
  };

  it('comes past every message of a message with more fields than are kept', () => {
    const { texts, fault } = walk(Buffer.concat(Array.from({ length: 10_000 }, (_, i) => field(1, field(2, String(i))))));
    expect(fault).toBeNull();
    expect(texts).toHaveLength(10_000);
    expect(new Set(texts).size).toBe(10_000);
  });

  it('hands over what stands in front of a broken place, and goes on beside it', () => {
    const { texts, fault } = walk(Buffer.concat([field(1, field(2, 'before'), Buffer.from([0x0e])), field(1, field(2, 'behind'))]));
    expect(texts).toEqual(['before', 'behind']);
    expect(fault?.message).toContain('wire type');
  });

  it('stops at a depth', () => {
    let bytes: Buffer = field(2, 'deep');
    for (let depth = 0; depth < 1000; depth++) bytes = field(1, bytes);
    const { texts, fault } = walk(bytes);
    expect(texts).toEqual([]);
    expect(fault?.message).toContain('nested');
  });
});
