import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { KERAS_CONFIG_READER } from '../../../src/artifacts/keras/config-reader.ts';
import { scanWith } from '../safetensors/support.ts';

/** `print` as marshalled code begins: type, then argument counts, locals and stack size. */
const CODE = Buffer.concat([Buffer.from('e3', 'hex'), Buffer.alloc(16), Buffer.from([3, 0, 0, 0]), Buffer.alloc(20, 0x64)]).toString('base64');
const PICKLE = Buffer.from('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.', 'latin1').toString('base64');
const dense = { module: 'keras.layers', class_name: 'Dense', config: { units: 4, activation: 'relu' }, registered_name: null };
const sequential = (...layers: readonly unknown[]): unknown => ({
  module: 'keras',
  class_name: 'Sequential',
  config: { name: 'm', layers },
  registered_name: null,
  compile_config: { optimizer: { module: 'keras.optimizers', class_name: 'Adam', config: { learning_rate: 0.001 }, registered_name: null }, loss: 'mse' },
});
const layer = (module: string | null, name: string, config: unknown = {}, registered: string | null = null): unknown => ({
  module,
  class_name: name,
  config,
  registered_name: registered,
});
const scanText = (text: string | Buffer) => scanWith(KERAS_CONFIG_READER, Buffer.from(text), 'config.json');
const idsOf = async (config: unknown): Promise<string[]> => (await scanText(JSON.stringify(config))).ids;

describe('a configuration of Keras', () => {
  it.each([
    [
      'layers of Keras',
      sequential(layer('keras.layers', 'InputLayer', { batch_shape: [null, 4], dtype: layer('keras', 'DTypePolicy', { name: 'float32' }) }), dense),
    ],
    ['a vocabulary in it', sequential(layer('keras.layers', 'StringLookup', { vocabulary: ['a', 'b'] }))],
    ['functions of Keras', sequential(layer('keras.layers', 'Activation', { activation: layer('builtins', 'function', 'relu', 'function') }))],
    ['a loss that is a function', layer('keras.losses', 'function', 'mean_squared_error', 'mean_squared_error')],
    [
      'layers of old files',
      {
        class_name: 'Sequential',
        config: [
          { class_name: 'Dense', config: { units: 1 } },
          { class_name: 'Custom>Mine', config: {} },
        ],
      },
    ],
    ['operations of TensorFlow', { class_name: 'TFOpLambda', config: { name: 'tf.math.add', function: 'math.add' } }],
    [
      'tuples and tensors',
      sequential(layer('builtins', '__tuple__', { items: [1, 2] }), { class_name: '__tensor__', config: { value: [1], dtype: 'float32' } }),
    ],
  ])('with %s has no finding', async (_, config) => {
    expect(await idsOf(config)).toEqual([]);
  });

  it.each([
    ['a lambda', layer('keras.layers', 'Lambda', { function: layer('builtins', '__lambda__', { code: CODE }) }), 'keras-lambda-bytecode'],
    ['a lambda of old files', { class_name: 'Lambda', config: { function: [CODE, null, null] } }, 'keras-lambda-bytecode'],
    ['a lambda by its type', { class_name: 'Lambda', config: { function: ['x', null, null], function_type: 'lambda' } }, 'keras-lambda-bytecode'],
    ['a lambda as mask', { class_name: 'Lambda', config: { function: 'f', mask: [CODE, null, null], mask_type: 'lambda' } }, 'keras-lambda-bytecode'],
    ['bytecode anywhere', layer('keras.layers', 'Dense', { name: CODE }), 'keras-lambda-bytecode'],
    ['os', layer('os', 'system', 'id'), 'keras-dangerous-module'],
    ['a function of os', layer('os', 'function', 'system', 'system'), 'keras-dangerous-module'],
    ['eval', layer('builtins', 'eval', '1'), 'keras-dangerous-module'],
    ['subprocess', layer('subprocess', 'run', { args: ['id'] }), 'keras-dangerous-module'],
    ['a module that Keras imported', layer('keras.src.utils.file_utils.os', 'system'), 'keras-dangerous-module'],
    [
      'a Lambda that names a function of os',
      { class_name: 'Lambda', config: { function: 'system', function_type: 'function', module: 'os' } },
      'keras-dangerous-module',
    ],
    ['get_file', layer('keras.utils', 'get_file', { origin: 'http://x' }), 'keras-gadget'],
    ['get_file by its real name', layer('keras.src.utils.file_utils', 'get_file'), 'keras-gadget'],
    ['get_file as a function', layer('keras.utils', 'function', 'get_file', 'get_file'), 'keras-gadget'],
    ['safe mode off', layer('keras.config', 'enable_unsafe_deserialization'), 'keras-gadget'],
    ['a file operation of TensorFlow', { class_name: 'TFOpLambda', config: { function: 'io.write_file' } }, 'keras-gadget'],
    ['a wrapped pickle', layer('keras.layers', 'TorchModuleWrapper', { module: PICKLE }), 'keras-wrapped-pickle'],
  ])('with %s is malicious, at any depth', async (_, bad, id) => {
    for (const config of [bad, sequential(dense, bad), sequential(layer('keras.layers', 'TimeDistributed', { layer: sequential(bad) })), [[{ a: bad }]]]) {
      const { ids, findings } = await scanText(JSON.stringify(config));
      expect(ids).toContain(id);
      expect(findings.some(({ rule }) => rule.alarm === 'malicious')).toBe(true);
    }
  });

  it.each([
    ['a module of somebody', layer('my_pkg.layers', 'MyLayer', {}, 'my>MyLayer'), ['keras-custom-module']],
    ['a Lambda that names a function', { class_name: 'Lambda', config: { function: 'f', function_type: 'function' } }, ['keras-lambda']],
    ['a function of Keras as a layer', layer('keras.utils', 'to_categorical'), ['keras-function-as-layer']],
    ['a vocabulary in a file', layer('keras.layers', 'StringLookup', { vocabulary: '/etc/passwd' }), ['keras-vocabulary-path']],
    ['a wrapped module that cannot be seen', layer('keras.layers', 'TorchModuleWrapper', {}), ['keras-torch-wrapper']],
    ['code in a value', layer('keras.layers', 'Dense', { name: "__import__('os').system('id')" }), ['keras-encoded-value']],
  ])('with %s is suspicious', async (_, config, ids) => {
    expect(await idsOf(config)).toEqual(ids);
  });

  it('has what is encoded in it scanned', async () => {
    const { inside } = await scanText(JSON.stringify(layer('keras.layers', 'Dense', { name: PICKLE })));
    expect(inside).toMatchObject([{ how: 'decoded', size: Buffer.from(PICKLE, 'base64').length }]);
  });

  it('is judged by each of two names, and by names with escapes', async () => {
    const { ids } = await scanText('{"module":"os","module":"keras.layers","class_name":"system","class_name":"Dense","config":{}}');
    expect(ids).toEqual(['keras-duplicate-name', 'keras-dangerous-module', 'keras-function-as-layer']);
    expect((await scanText('{"\\u006dodule":"o\\u0073","clas\\u0073_name":"system"}')).ids).toEqual(['keras-dangerous-module']);
  });

  it('is read as Python does: constants, a mark of order, UTF-16 and UTF-32', async () => {
    expect((await scanText('{"class_name":"ReLU","config":{"max_value":Infinity,"x":[NaN,-Infinity],"name":"a NaN"}}')).ids).toEqual([]);
    const bad = JSON.stringify(layer('os', 'system'));
    const swapped = Buffer.from(bad, 'utf16le').swap16();
    const wide = Buffer.concat(Array.from(Buffer.from(bad), (letter) => Buffer.from([letter, 0, 0, 0])));
    expect((await scanText(`\ufeff${bad}`)).ids).toEqual(['keras-dangerous-module']);
    for (const bytes of [Buffer.from(bad, 'utf16le'), swapped, wide]) {
      expect(KERAS_CONFIG_READER.recognizes(bytes, { source: bytesSource(bytes), name: 'config.json' })).toBe(true);
      expect((await scanText(bytes)).ids.sort()).toEqual(['keras-config-unreadable', 'keras-dangerous-module']);
    }
  });

  it('that is cut anywhere is never clean, and what came before is judged', async () => {
    const text = JSON.stringify(sequential(layer('os', 'system'), dense));
    for (let end = 1; end < text.length; end++) expect((await scanText(text.slice(0, end))).ids).toContain('keras-config-unreadable');
    expect((await scanText(text.slice(0, -5))).ids).toContain('keras-dangerous-module');
  });

  it('may be nested as deep as it likes', async () => {
    const text = `{"class_name":"A","config":${'['.repeat(100_000)}`;
    expect((await scanText(text)).ids).toEqual(['keras-config-unreadable']);
  });

  it('of any text never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        await scanText(text);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await scanText(Buffer.from(bytes));
      }),
    );
  });
});

describe('configurations of Keras', () => {
  const recognizes = (text: string): boolean =>
    KERAS_CONFIG_READER.recognizes(Buffer.from(text).subarray(0, 4096), { source: bytesSource(Buffer.from(text)), name: 'any.json' });

  it('are recognized by the names of their classes', () => {
    expect(recognizes(JSON.stringify(dense))).toBe(true);
    expect(recognizes(`{"a":"${'x'.repeat(3_000_000)}","class_name":"Dense"}`)).toBe(true);
    expect(recognizes('{"clas\\u0073_name":"Dense"}')).toBe(true);
    expect(recognizes('{"model_type":"llama","x":"\\u0061"}')).toBe(false);
    expect(recognizes('class_name')).toBe(false);
  });
});
