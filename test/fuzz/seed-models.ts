import { makeGguf, PLAIN, text as ggufText } from '../artifacts/gguf/support.ts';
import { makeHdf5, textAttribute } from '../artifacts/hdf5/make-hdf5.ts';
import { pickle, SYSTEM } from '../artifacts/pickle/assembler.ts';
import { field, number } from '../artifacts/protobuf/make-message.ts';
import { floats, makeSafetensors } from '../artifacts/safetensors/support.ts';
import { CHAT_TEMPLATE, KERAS_CONFIG } from './seed-texts.ts';
import type { SeedFile } from './seed-file.ts';

/** An array of numpy with any description and shape. */
export function npy(data: Buffer, descr: string, shape: string, major = 1): Buffer {
  const width = major === 1 ? 2 : 4;
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = `${header.padEnd(Math.ceil((9 + width + header.length) / 64) * 64 - 9 - width)}\n`;
  const length = Buffer.alloc(width);
  length.writeUIntLE(padded.length, 0, width);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.from([major, 0]), length, Buffer.from(padded), data]);
}

const weights = { w: { dtype: 'F32', shape: [2, 2], data: floats(1, 2, 3, 4) }, blob: { dtype: 'U8', shape: [3], data: Buffer.from([1, 2, 3]) } };

const node = (op: string, ...more: readonly Buffer[]): Buffer => field(1, field(1, 'x'), field(2, 'y'), field(4, op), ...more);
const external = Buffer.concat([
  number(1, 4),
  number(2, 1),
  field(8, 'w'),
  ...Object.entries({ location: 'w.bin', offset: '0', length: '16' }).map(([key, value]) => field(13, field(1, key), field(2, value))),
  number(14, 1),
]);
const onnx = Buffer.concat([
  number(1, 8),
  field(7, node('MatMul'), node('If', field(5, field(1, 'then_branch'), field(6, node('Relu')))), field(5, external), field(2, 'g')),
  field(25, field(1, 'Own'), field(7, field(4, 'Relu')), field(10, 'my.domain')),
  field(8, number(2, 17)),
]);

const operation = (op: string): Buffer => Buffer.concat([field(1, 'n'), field(2, op)]);
const savedModel = Buffer.concat([
  number(1, 1),
  field(2, field(1, field(4, 'serve')), field(2, field(1, operation('MatMul')), field(2, field(1, field(1, field(1, 'f')), field(3, operation('PyFunc')))))),
]);

/** Weights and graphs in every format. */
export const SEED_MODELS: readonly SeedFile[] = Object.entries({
  'f32.safetensors': makeSafetensors(weights, { format: 'pt', note: 'a note' }),
  'blob.safetensors': makeSafetensors({ blob: { dtype: 'U8', shape: [pickle(SYSTEM).length], data: pickle(SYSTEM) } }),
  'plain.gguf': makeGguf(PLAIN),
  'template.gguf': makeGguf({ ...PLAIN, keys: [...(PLAIN.keys ?? []), ['tokenizer.chat_template', ggufText(CHAT_TEMPLATE)]] }),
  'array.npy': npy(Buffer.alloc(24), "'<f4'", '(2, 3)'),
  'fields.npy': npy(Buffer.alloc(12), "[('a', '<i4'), ('b', '<f8')]", '(1,)', 2),
  'objects.npy': npy(pickle(SYSTEM), "'|O'", '(1,)'),
  'weights.h5': makeHdf5({ data: Buffer.from('0123456789') }),
  'model.h5': makeHdf5({ messages: [textAttribute('model_config', KERAS_CONFIG), textAttribute('keras_version', '2.15.0')], data: Buffer.alloc(16) }),
  'external.h5': makeHdf5({ externalStorage: '/etc/hostname' }),
  'model.onnx': onnx,
  'saved_model.pb': savedModel,
}).map(([name, bytes]) => ({ name, bytes }));
