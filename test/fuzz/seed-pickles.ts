import { deflateSync } from 'node:zlib';
import {
  bytes,
  call,
  code,
  FALSE,
  frame,
  global,
  int,
  MEMOIZE,
  NEWOBJ,
  orderedDict,
  pickle,
  proto,
  stackGlobal,
  storage,
  SYSTEM,
  SYSTEM_0,
  tensor,
  text,
  TRUE,
  tuple,
  u64,
} from '../artifacts/pickle/assembler.ts';
import { makeZip } from '../artifacts/archives/make-zip.ts';
import type { SeedFile } from './seed-file.ts';

const STATE = pickle(orderedDict(), text('w'), tensor(storage('FloatStorage', '0', 4), 0, [2, 2], [2, 1]), 's');
const ARRAY_TYPE = code(call('numpy', 'dtype', text('f4'), FALSE, TRUE), tuple(int(3), text('<'), 'NNN', int(-1), int(-1), int(0)), 'b');

/** `numpy.ndarray` as its own pickles have it. */
const NUMPY = code(
  call('numpy.core.multiarray', '_reconstruct', stackGlobal('numpy', 'ndarray'), tuple(int(0)), bytes(Buffer.from('b'))),
  tuple(int(1), tuple(int(2)), ARRAY_TYPE, FALSE, bytes(Buffer.alloc(8))),
  'b',
);

const JOBLIB = code(
  proto(4),
  code(stackGlobal('joblib.numpy_pickle', 'NumpyArrayWrapper'), ')', NEWOBJ, '}('),
  [text('subclass'), stackGlobal('numpy', 'ndarray'), text('shape'), tuple(int(2), int(3)), text('order'), text('C'), text('dtype'), ARRAY_TYPE],
  [text('allow_mmap'), TRUE, text('numpy_array_alignment_bytes'), int(16), 'ub'],
  Buffer.from([3, 0xff, 0xff, 0xff]),
  Buffer.alloc(24),
  '.',
);

const LEGACY = code(
  [proto(2), Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex'), '.', proto(2), 'M\xe9\x03.'],
  pickle('}(', text('protocol_version'), int(1001), text('little_endian'), TRUE, text('type_sizes'), '}u'),
  pickle(orderedDict(), text('w'), tensor(storage('FloatStorage', '7', 2, true), 0, [2], [1]), 's'),
  [pickle('](', text('7'), 'e'), u64(2n), Buffer.alloc(8)],
);

const FRAMED = ((): Buffer => {
  const body = code('](', text('model'), MEMOIZE, text('base'), MEMOIZE, 'e', '.');
  return code(proto(4), frame(body.length), body);
})();

const torchZip = (data: Buffer): Buffer =>
  makeZip(
    [
      ['archive/data.pkl', data],
      ['archive/byteorder', Buffer.from('little')],
      ['archive/data/0', Buffer.alloc(16, 1)],
      ['archive/version', Buffer.from('3\n')],
    ].map(([name, content]) => ({ name: String(name), data: Buffer.from(content ?? ''), descriptor: true })),
  );

/** Pickles of every protocol and what stands around them. */
export const SEED_PICKLES: readonly SeedFile[] = [
  ['plain.pkl', pickle('}(', text('a'), 'I1\n', text('b'), '](K\x01K\x02e', text('c'), 'F1.5\n', 'u')],
  ['framed.pkl', FRAMED],
  ['protocol-0.pkl', code("(dp0\nS'a'\np1\n(lp2\nI1\naI2\nasg1\nV\\u0062\ns.")],
  ['system.pkl', pickle(SYSTEM)],
  ['system-0.pkl', code(SYSTEM_0, '.')],
  ['inst.pkl', code("(S'echo'\nios\nsystem\n0(cos\nsystem\nS'echo'\no.")],
  ['nested.pkl', pickle('}', text('x'), bytes(pickle(SYSTEM)), 's', text('y'), text(pickle(SYSTEM).toString('base64')), 's')],
  ['zlib.pkl', pickle(bytes(deflateSync(pickle(SYSTEM))))],
  ['numpy.pkl', pickle(NUMPY)],
  ['memo.pkl', code(proto(2), global('collections', 'OrderedDict'), 'q\x01)Rq\x02h\x01)R\x862.')],
  ['streams.pkl', code(pickle('N'), pickle('](NNe'), Buffer.alloc(8), pickle(SYSTEM))],
  ['array.joblib', JOBLIB],
  ['legacy.pt', LEGACY],
  ['state.pt', torchZip(STATE)],
  ['evil.pt', torchZip(pickle(SYSTEM))],
].map(([name, content]) => ({ name: String(name), bytes: Buffer.from(content ?? '') }));
