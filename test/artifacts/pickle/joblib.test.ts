import { expect, test } from 'vitest';
import { scanBytes } from '../memory-unit.ts';
import { call, code, FALSE, frame, int, NEWOBJ, pickle, proto, stackGlobal, SYSTEM, text, TRUE, tuple } from './assembler.ts';

interface ArrayOptions {
  readonly type?: string;
  readonly shape?: readonly number[];
  readonly alignment?: boolean;
}

/** The wrapper that joblib builds before the data of an array follow. */
function wrapper({ type = 'f4', shape = [2, 3], alignment = true }: ArrayOptions = {}): Buffer {
  const dtype = code(call('numpy', 'dtype', text(type), FALSE, TRUE), tuple(int(3), text('<'), 'NNN', int(-1), int(-1), int(0)), 'b');
  return code(
    stackGlobal('joblib.numpy_pickle', 'NumpyArrayWrapper'),
    ')',
    NEWOBJ,
    '}(',
    [text('subclass'), stackGlobal('numpy', 'ndarray'), text('shape'), tuple(...shape.map(int)), text('order'), text('C')],
    [text('dtype'), dtype, text('allow_mmap'), TRUE],
    alignment ? [text('numpy_array_alignment_bytes'), int(16)] : [],
    'ub',
  );
}

/** Data that look like opcodes: STOP, imports, anything. */
const DATA = Buffer.from('.cos\nsystem\n(R.\x80\x04N.xxxxx', 'latin1');
const PADDING = Buffer.from([3, 0xff, 0xff, 0xff]);

test('the data of an array are passed over, whatever they look like', async () => {
  const scan = await scanBytes(pickle('](', wrapper(), PADDING, DATA, 'N', 'e'), 'model.joblib');
  expect(DATA).toHaveLength(24);
  expect(scan.findings).toEqual([]);
  expect((await scanBytes(pickle(wrapper({ alignment: false }), DATA), 'model.joblib')).findings).toEqual([]);
});

test('a payload behind the data of an array is found', async () => {
  expect((await scanBytes(pickle(wrapper(), PADDING, DATA, '0', SYSTEM), 'model.joblib')).verdict).toBe('malicious');
});

test('an array of objects is a pickle of its own', async () => {
  const objects = (inner: Buffer, ...behind: readonly Buffer[]): Buffer => pickle(wrapper({ type: 'O8' }), inner, '0', ...behind, 'N');
  expect((await scanBytes(objects(pickle('N')))).findings).toEqual([]);
  expect((await scanBytes(objects(pickle(SYSTEM)))).verdict).toBe('malicious');
  expect((await scanBytes(objects(pickle('N'), SYSTEM))).verdict).toBe('malicious');
});

test.each([
  ['data that are cut off', pickle(wrapper({ shape: [1000, 1000] }), PADDING, DATA)],
  ['a shape beyond all bytes', pickle(wrapper({ shape: Array.from({ length: 40 }, () => 2_000_000_000) }), PADDING, DATA)],
  ['a negative shape', pickle(wrapper({ shape: [-1] }), PADDING, DATA)],
  ['a type that is none', pickle(wrapper({ type: 'spam' }), PADDING, DATA)],
])('%s are malformed', async (_what, content) => {
  expect((await scanBytes(content, 'model.joblib')).verdict).toBe('malformed');
});

test('data that begin inside of a frame are suspicious', async () => {
  const built = wrapper();
  const scan = await scanBytes(code(proto(4), frame(built.length + 2), built, 'N0', PADDING, DATA, '.'), 'model.joblib');
  expect(scan.ids).toContain('pickle-frame-odd');
});

test('a payload behind data of unknown length is found all the same', async () => {
  for (const payload of [SYSTEM, code("cos\nsystem\n(S'x'\ntR")]) {
    expect(
      (await scanBytes(pickle(wrapper({ type: 'spam' }), PADDING, DATA.subarray(0, 0), Buffer.alloc(50, 0xfe), '0', payload), 'model.joblib')).verdict,
    ).toBe('malicious');
  }
});
