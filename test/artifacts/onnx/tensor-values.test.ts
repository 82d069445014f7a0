import { describe, expect, it } from 'vitest';
import { scanFolderOf } from '../config/scan-folder-of.ts';
import { field, number } from '../protobuf/make-message.ts';

const TYPES = { F32: 1, F16: 10, F64: 11, BF16: 16 } as const;
const ELEMENTS = 100;

/** Numbers near one, of which one may be replaced. */
function values(type: keyof typeof TYPES, odd?: number): Buffer {
  const size = type === 'F64' ? 8 : type === 'F32' ? 4 : 2;
  const bytes = Buffer.alloc(ELEMENTS * size);
  const write = (value: number, at: number): void => {
    if (type === 'F64') bytes.writeDoubleLE(value, at * 8);
    else if (type === 'F32') bytes.writeFloatLE(value, at * 4);
    else bytes.writeUInt16LE(Number.isFinite(value) ? 0x3c00 + (at % 7) : Number.isNaN(value) ? 0x7fff : 0xff80 | (type === 'F16' ? 0x7c00 : 0), at * 2);
  };
  for (let at = 0; at < ELEMENTS; at++) write(1 + (at % 7) / 10, at);
  if (odd !== undefined) write(odd, 41);
  return bytes;
}

const model = (tensor: readonly Buffer[]): Buffer => {
  const node = field(1, field(1, 'x'), field(2, 'y'), field(4, 'Relu'));
  return Buffer.concat([number(1, 8), field(7, node, field(2, 'g'), field(5, ...tensor)), field(8, number(2, 17))]);
};
const raw = (type: keyof typeof TYPES, data: Buffer): Buffer => model([number(1, ELEMENTS), number(2, TYPES[type]), field(8, 'w'), field(9, data)]);
const beside = (entries: Readonly<Record<string, string>>): Buffer =>
  model([
    number(1, ELEMENTS),
    number(2, 1),
    field(8, 'w'),
    ...Object.entries(entries).map(([key, value]) => field(13, field(1, key), field(2, value))),
    number(14, 1),
  ]);

describe('numbers of an ONNX model', () => {
  it.each(['F32', 'F16', 'F64', 'BF16'] as const)('of type %s are searched for NaN and infinity', async (type) => {
    expect((await scanFolderOf({ 'model.onnx': raw(type, values(type)) })).found).toEqual([]);
    for (const odd of [NaN, -Infinity]) {
      const { found, verdict } = await scanFolderOf({ 'model.onnx': raw(type, values(type, odd)) });
      expect(found).toEqual(['model.onnx: onnx-not-finite']);
      expect(verdict).toBe('suspicious');
    }
  });

  it('are searched where they lie as lists of numbers', async () => {
    for (const [list, type] of [
      [4, 'F32'],
      [10, 'F64'],
    ] as const) {
      const tensor = [number(1, ELEMENTS), number(2, TYPES[type]), field(8, 'w'), field(list, values(type, Infinity))];
      expect((await scanFolderOf({ 'model.onnx': model(tensor) })).found).toEqual(['model.onnx: onnx-not-finite']);
    }
  });

  it('are searched in the file beside it, in their part of it only', async () => {
    const data = Buffer.concat([values('F32', NaN), values('F32')]);
    const part = (offset: number, length?: number): Record<string, string> => ({
      location: 'w.data',
      offset: String(offset),
      ...(length === undefined ? {} : { length: String(length) }),
    });
    const found = async (entries: Record<string, string>): Promise<readonly string[]> =>
      (await scanFolderOf({ 'model.onnx': beside(entries), 'w.data': data })).found;
    expect(await found(part(0, 400))).toEqual(['model.onnx: onnx-not-finite']);
    expect(await found(part(400, 400))).toEqual([]);
    expect(await found(part(0))).toEqual(['model.onnx: onnx-not-finite']);
    expect(await found(part(400))).toEqual([]);
  });

  it('may hold infinity where graphs need it: in constants and in masks', async () => {
    const small = values('F32', -Infinity).subarray(160, 200);
    expect((await scanFolderOf({ 'model.onnx': raw('F32', small) })).found).toEqual([]);
    const mask = Buffer.alloc(4 * ELEMENTS);
    for (let at = 0; at < ELEMENTS; at += 3) mask.writeFloatLE(-Infinity, at * 4);
    expect((await scanFolderOf({ 'model.onnx': raw('F32', mask) })).found).toEqual([]);
  });
});
