import { describe, expect, it } from 'vitest';
import { makeZip } from '../archives/make-zip.ts';
import { scanFolderOf } from '../config/scan-folder-of.ts';

const node = (loader: string, type: string, content: unknown, more: object = {}): object => {
  const dot = type.lastIndexOf('.');
  return { __class__: type.slice(dot + 1), __module__: type.slice(0, dot), __loader__: loader, content, ...more };
};
const scan = async (schema: object | string): Promise<readonly string[]> => {
  const data = Buffer.from(typeof schema === 'string' ? schema : JSON.stringify({ ...schema, protocol: 2, _skops_version: '0.13.0' }));
  return (await scanFolderOf({ 'm.skops': makeZip([{ name: 'schema.json', data }]) })).found.map((one) => one.slice('m.skops: '.length));
};

describe('the reader of skops schemas', () => {
  it('takes ordinary models for clean', async () => {
    const array = node('NdArrayNode', 'numpy.ndarray', undefined, { type: 'numpy', file: '1.npy' });
    const type = node('TypeNode', 'builtins.type', { __class__: 'float64', __module__: 'numpy' });
    const estimator = node('ObjectNode', 'sklearn.linear_model._base.LinearRegression', node('DictNode', 'builtins.dict', { coef_: array, type }));
    expect(await scan(node('ListNode', 'builtins.list', [estimator]))).toEqual([]);
  });

  it.each<[string, object]>([
    ['skops-node-abuse', node('MethodNode', 'builtins.method', { func: '__reduce_ex__', obj: node('DictNode', 'builtins.dict', {}) })],
    ['skops-node-abuse', node('OperatorFuncNode', 'os.system', { attrs: [] })],
    ['skops-dangerous-type', node('FunctionNode', 'builtins.function', { module_path: 'os', function: 'system' })],
    ['skops-dangerous-type', node('TypeNode', 'builtins.type', { __class__: 'Popen', __module__: 'subprocess' })],
    ['skops-dangerous-type', node('ObjectNode', 'posix.system', {})],
    ['skops-unknown-type', node('ObjectNode', 'my_package.Model', {})],
    ['skops-unknown-loader', node('EvilNode', 'builtins.dict', {})],
    ['skops-unknown-loader', node('OperatorFuncNode', 'operator.itemgetter', {})],
    ['skops-broken-schema', { __loader__: 'DictNode', content: {} }],
  ])('finds %s', async (rule, inner) => {
    expect(await scan(node('ListNode', 'builtins.list', [inner]))).toContain(rule);
  });

  it('finds members that stand twice, and schemas that are none', async () => {
    expect(await scan('{"__loader__": "DictNode", "__module__": "builtins", "__module__": "os", "__class__": "dict"}')).toContain('skops-node-abuse');
    expect(await scan('{"__loader__": "DictNode", ')).toContain('skops-broken-schema');
  });
});
