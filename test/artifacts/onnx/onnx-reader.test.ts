import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { externalNumber, locationDanger } from '../../../src/artifacts/onnx/external-location.ts';
import { ONNX_READER } from '../../../src/artifacts/onnx/onnx-reader.ts';
import { field, number } from '../protobuf/make-message.ts';
import { scanWith } from '../safetensors/support.ts';

const node = (op: string, domain = '', ...attributes: readonly Buffer[]): Buffer =>
  field(1, field(1, 'x'), field(2, 'y'), field(4, op), ...attributes.map((one) => field(5, one)), ...(domain === '' ? [] : [field(7, domain)]));
const text = (name: string, value: string): Buffer => Buffer.concat([field(1, name), field(4, value), number(20, 3)]);
const tensor = (...fields: readonly Buffer[]): Buffer => Buffer.concat([number(1, 4), number(2, 1), field(8, 'w'), ...fields]);
const external = (entries: Readonly<Record<string, string>>): Buffer =>
  tensor(...Object.entries(entries).map(([key, value]) => field(13, field(1, key), field(2, value))), number(14, 1));
const model = (graph: Buffer, ...more: readonly Buffer[]): Buffer =>
  Buffer.concat([number(1, 8), field(7, graph, field(2, 'g')), ...more, field(8, number(2, 17))]);
const idsOf = async (bytes: Buffer, name = 'model.onnx'): Promise<string[]> => (await scanWith(ONNX_READER, bytes, name)).ids;
const withTensor = (bytes: Buffer): Buffer => model(Buffer.concat([node('Add'), field(5, bytes)]));

describe('an ONNX model', () => {
  it('with operations of ONNX and its runtime has no finding', async () => {
    const graph = Buffer.concat([node('MatMul'), node('Relu', 'ai.onnx'), node('TreeEnsembleRegressor', 'ai.onnx.ml'), node('FusedMatMul', 'com.microsoft')]);
    expect(await idsOf(model(graph, field(14, field(1, 'author'), field(2, 'somebody, see https://example.org'))))).toEqual([]);
  });

  it('that needs operations of somebody else is suspicious, unless it defines them itself', async () => {
    expect(await idsOf(model(node('Evil', 'my.domain')))).toEqual(['onnx-custom-domain']);
    expect(await idsOf(model(node('Evil', 'ai.onnxevil')))).toEqual(['onnx-custom-domain']);
    const own = field(25, field(1, 'Own'), field(7, field(4, 'Relu')), field(10, 'my.domain'));
    expect(await idsOf(model(node('Own', 'my.domain'), own))).toEqual([]);
    expect(await idsOf(model(node('Other', 'my.domain'), own))).toEqual(['onnx-custom-domain']);
  });

  it.each([
    ['the graph', (inner: Buffer) => model(inner)],
    ['a subgraph', (inner: Buffer) => model(node('If', '', Buffer.concat([field(1, 'then_branch'), field(6, inner)])))],
    ['one of several subgraphs', (inner: Buffer) => model(node('Scan', '', field(11, node('Relu')), field(11, inner)))],
    ['a function', (inner: Buffer) => model(node('F', 'own'), field(25, field(1, 'F'), field(10, 'own'), Buffer.from(inner).fill(0x3a, 0, 1)))],
    ['a training graph', (inner: Buffer) => model(node('Relu'), field(20, field(2, inner)))],
  ])('that calls Python in %s is malicious', async (_, around) => {
    const call = node('PyOp', 'pyopmulti_1', text('module', 'os'), text('class_name', 'system'));
    expect(await idsOf(around(call))).toContain('onnx-python-op');
  });

  it('that calls back into registered Python is suspicious', async () => {
    expect(await idsOf(model(node('PythonOp', 'ai.onnx.contrib')))).toEqual(['onnx-python-extension']);
    expect(await idsOf(model(node('PythonOp', 'com.microsoft', text('func_name', 'f'))))).toEqual(['onnx-python-extension']);
    expect(await idsOf(model(node('PythonOp', 'ai.onnx.contrib', text('module', 'subprocess'), text('compute', 'run'))))).toEqual(['onnx-python-op']);
  });

  it('whose tensors lie beside it is clean, even when that file is absent', async () => {
    expect(await idsOf(withTensor(external({ location: 'weights.bin', offset: '0', length: '16' })))).toEqual([]);
    expect(await idsOf(withTensor(external({ location: 'data/weights.bin' })))).toEqual([]);
  });

  it.each([
    '/etc/passwd',
    '../w',
    'a/../../w',
    '..\\w',
    'a\\..\\..\\w',
    'C:\\w',
    'c:w',
    '\\\\host\\share',
    'file:///etc/passwd',
    'a\0b',
    '*/_ORT_MEM_ADDR_/*',
    '~/w',
  ])('whose tensors lie in %j is malicious', async (location) => {
    expect(await idsOf(withTensor(external({ location })))).toContain('onnx-external-path');
  });

  it.each<[string, Record<string, string>, string]>([
    ['an offset beyond 63 bits', { location: 'w', offset: '9223372036854775808' }, 'onnx-external-range'],
    ['a negative length', { location: 'w', length: '-1' }, 'onnx-external-range'],
    ['a length that is none', { location: 'w', length: '0x10' }, 'onnx-external-range'],
    ['no location', { offset: '0' }, 'onnx-external-entry'],
    ['an unknown key', { location: 'w', __class__: 'x' }, 'onnx-external-entry'],
    ['a way up and down', { location: 'a/../w' }, 'onnx-external-entry'],
  ])('with external data of %s is suspicious', async (_, entries, id) => {
    expect(await idsOf(withTensor(external(entries)))).toEqual([id]);
  });

  it('is looked through for external tensors everywhere', async () => {
    const bad = external({ location: '/etc/passwd' });
    expect(await idsOf(model(field(15, field(2, bad))))).toEqual(['onnx-external-path']);
    expect(await idsOf(model(node('Constant', '', field(5, bad))))).toEqual(['onnx-external-path']);
    expect(await idsOf(model(node('Loop', '', field(6, node('Constant', '', field(10, bad))))))).toEqual(['onnx-external-path']);
  });

  it('with a program in a tensor is suspicious, and the program is scanned', async () => {
    const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(57)]);
    const { ids, inside } = await scanWith(ONNX_READER, withTensor(tensor(field(9, elf))), 'model.onnx');
    expect(ids).toEqual(['onnx-embedded']);
    expect(inside).toMatchObject([{ how: 'constant', size: 64 }]);
  });

  it('with code in its metadata is suspicious', async () => {
    expect(await idsOf(model(node('Relu'), field(14, field(1, 'note'), field(2, "__import__('os').system('id')"))))).toEqual(['onnx-metadata-code']);
  });

  it('that is cut anywhere is never clean', async () => {
    const bytes = model(node('Relu'));
    for (let end = 1; end < bytes.length - 4; end++) if (end !== 2) expect(await idsOf(bytes.subarray(0, end))).toContain('onnx-unreadable');
  });

  it('with any byte changed never throws', async () => {
    const bytes = withTensor(external({ location: 'weights.bin', offset: '0' }));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        await scanWith(ONNX_READER, changed, 'model.onnx');
      }),
    );
  });
});

describe('ONNX models', () => {
  const recognizes = (bytes: Buffer, name: string): boolean => ONNX_READER.recognizes(bytes.subarray(0, 4096), { source: bytesSource(bytes), name });

  it('are recognized by their layout, and by name where it is broken', () => {
    expect(recognizes(model(node('Relu')), 'weights.bin')).toBe(true);
    expect(recognizes(model(node('Relu')).subarray(0, 8), 'model.onnx')).toBe(true);
    expect(recognizes(Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'model.onnx')).toBe(false);
    expect(recognizes(Buffer.from('\x80\x02cos\nsystem\n.', 'latin1'), 'model.onnx')).toBe(false);
    expect(recognizes(Buffer.alloc(100), 'weights')).toBe(false);
  });
});

describe('locationDanger', () => {
  it('finds nothing in plain relative names', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z0-9_]{1,8}$/), { minLength: 1, maxLength: 4 }), (parts) => {
        expect(locationDanger(parts.join('/'))).toBeNull();
      }),
    );
  });

  it('takes numbers of 63 bits only', () => {
    expect(externalNumber('9223372036854775807')).toBe(2n ** 63n - 1n);
    for (const bad of ['9223372036854775808', '-1', '', '1e3', ' 1', '0'.repeat(21)]) expect(externalNumber(bad)).toBeNull();
  });
});
