import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { scanPickles } from '../../../src/artifacts/pickle/scan-pickle.ts';
import { expect, test } from 'vitest';
import { MemoryScan, scanBytes } from '../memory-unit.ts';
import {
  bytes,
  call,
  code,
  FALSE,
  global,
  int,
  NEWOBJ,
  orderedDict,
  pickle,
  proto,
  stackGlobal,
  storage,
  SYSTEM,
  tensor,
  text,
  TRUE,
  tuple,
} from './assembler.ts';

const latin1 = (value: string): Buffer => code(global('_codecs', 'encode'), tuple(text(value), text('latin1')), 'R');
const dtype = code(call('numpy', 'dtype', text('f4'), FALSE, TRUE), tuple(int(3), text('<'), 'N', 'N', 'N', int(-1), int(-1), int(0)), 'b');
const array = (data: Buffer): Buffer =>
  code(
    call('numpy.core.multiarray', '_reconstruct', stackGlobal('numpy', 'ndarray'), tuple(int(0)), bytes(Buffer.from('b'))),
    tuple(int(1), tuple(int(1)), dtype, FALSE, data),
    'b',
  );

const CLEAN: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a state dict', pickle(orderedDict(), text('w'), tensor(storage('FloatStorage', '0', 6), 0, [2, 3], [3, 1]), 's')],
  ['attributes of a state dict', pickle(orderedDict(), '}', text('_metadata'), orderedDict(), 'sb')],
  ['a parameter', pickle(global('torch._utils', '_rebuild_parameter'), tuple(tensor(storage('HalfStorage', '0', 1), 0, [], []), TRUE, orderedDict()), 'R')],
  [
    'a view of a legacy storage',
    pickle(tuple(text('storage'), global('torch', 'FloatStorage'), text('1'), text('cpu'), int(4), tuple(text('2'), int(0), int(4))), 'Q'),
  ],
  ['an array', pickle(array(bytes(Buffer.alloc(4))))],
  ['an array of protocol 2', pickle(array(latin1('\0\0\0\0')))],
  ['an array of objects', pickle(array(code(']Na')))],
  ['a scalar', pickle(call('numpy.core.multiarray', 'scalar', dtype, bytes(Buffer.alloc(4))))],
  ['bytes of protocol 2', code(proto(2), latin1('abc'), '.')],
  [
    'a date',
    pickle(call('datetime', 'datetime', bytes(Buffer.alloc(10)), call('datetime', 'timezone', call('datetime', 'timedelta', int(0), int(0), int(0))))),
  ],
  ['a defaultdict', pickle(call('collections', 'defaultdict', stackGlobal('builtins', 'list')), text('a'), ']s')],
  ['a set of Python 2', code(proto(2), global('__builtin__', 'set'), tuple(']'), 'R.')],
  ['an object without a state of its own', pickle(stackGlobal('argparse', 'Namespace'), ')', NEWOBJ, '}', text('lr'), int(1), 'sb')],
];

test.each(CLEAN)('%s is clean', async (_what, content) => {
  const scan = await scanBytes(content);
  expect(scan.findings).toEqual([]);
  expect(scan.checked).toEqual(['imports and calls of every pickle', 'hidden loadable values of pickles']);
});

const UNEXPECTED: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a storage class that is called', pickle(call('torch', 'FloatStorage', int(1)))],
  ['a tensor of something else than a storage', pickle(tensor(code('N'), 0, [], []))],
  [
    'hooks that are a name',
    pickle(
      global('torch._utils', '_rebuild_tensor_v2'),
      tuple(storage('FloatStorage', '0', 1), int(0), tuple(), tuple(), FALSE, global('torch', 'float32')),
      'R',
    ),
  ],
  ['an array type that is called', pickle(call('numpy', 'ndarray', tuple(int(1))))],
  ['an array of a foreign class', pickle(call('numpy.core.multiarray', '_reconstruct', stackGlobal('sklearn', 'X'), tuple(int(0)), bytes(Buffer.from('b'))))],
  ['an array whose state is a name', pickle(array(stackGlobal('torch', 'float32')))],
  ['a date of a name', pickle(call('datetime', 'datetime', stackGlobal('torch', 'float32'), call('sklearn', 'X')))],
  ['a layout that is a number', pickle(call('torch.serialization', '_get_layout', int(1)))],
  ['a defaultdict of a foreign factory', pickle(call('collections', 'defaultdict', stackGlobal('sklearn', 'X')))],
];

test.each(UNEXPECTED)('%s is an unexpected use', async (_what, content) => {
  const scan = await scanBytes(content);
  expect(scan.ids).toContain('pickle-unexpected-use');
  expect(scan.verdict).toBe('suspicious');
});

const OUTSIDE: readonly (readonly [what: string, offset: number, size: readonly number[], stride: readonly number[]])[] = [
  ['an offset behind the end', 6, [1], [1]],
  ['a size that is too large', 0, [7], [1]],
  ['a stride that is too large', 0, [2, 3], [4, 1]],
  ['a negative offset', -1, [1], [1]],
  ['a negative stride', 5, [6], [-1]],
  ['a negative size', 0, [-1], [1]],
  ['sizes without strides', 0, [2, 3], [1]],
];

test.each(OUTSIDE)('%s reaches outside of the storage', async (_what, offset, size, stride) => {
  const scan = await scanBytes(pickle(tensor(storage('FloatStorage', '0', 6), offset, size, stride)));
  expect(scan.ids).toContain('pickle-tensor-outside-storage');
  expect((await scanBytes(pickle(tensor(storage('FloatStorage', '0', 6), 5, [0], [1])))).verdict).toBe('clean');
});

test('writing into a tensor as if it were a dict is a call on an object', async () => {
  const scan = await scanBytes(pickle(tensor(storage('FloatStorage', '0', 6), 0, [6], [1]), int(0), int(1), 's'));
  expect(scan.ids).toEqual(['pickle-call-on-object']);
});

async function within(content: Buffer, surroundings: Parameters<typeof scanPickles>[2]): Promise<MemoryScan> {
  const scan = new MemoryScan();
  await scanPickles(scan.unit(bytesSource(content), ['model.pt', 'data.pkl']), 0, surroundings);
  return scan;
}

test('storages are compared with the members of the container', async () => {
  const content = pickle(tensor(storage('FloatStorage', '0', 6), 0, [6], [1]));
  expect((await within(content, { storageBytes: () => 24 })).findings).toEqual([]);
  expect((await within(content, { storageBytes: () => 23 })).ids).toEqual(['pickle-tensor-outside-storage']);
  expect((await within(content, { storageBytes: () => undefined })).ids).toEqual(['pickle-storage-missing']);
});

test('classes of TorchScript are known only where its code is', async () => {
  const content = code(
    proto(2),
    global('__torch__.Net', 'Net'),
    ')',
    NEWOBJ,
    '}',
    text('w'),
    global('torch.jit._pickle', 'build_intlist'),
    tuple('](K\x01e'),
    'R',
    'sb.',
  );
  expect((await within(content, { torchScript: true })).findings).toEqual([]);
  expect((await within(content, {})).verdict).toBe('suspicious');
  expect((await within(code(SYSTEM, '.'), { torchScript: true })).verdict).toBe('malicious');
});
