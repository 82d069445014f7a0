import { call, code, pickle, proto, SYSTEM, text } from '../pickle/assembler.ts';
import { makeZip } from '../archives/make-zip.ts';
import { EVIL, testBypasses, torchZip } from './bypass.ts';

const CALL = 'pickle-dangerous-call';
const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');
const keras = (config: object): Buffer =>
  makeZip([
    { name: 'metadata.json', data: Buffer.from('{"keras_version": "3.0.0"}') },
    { name: 'config.json', data: Buffer.from(JSON.stringify(config)) },
  ]);
const layer = (module: string, name: string, config: object): object => ({
  module: 'keras',
  class_name: 'Sequential',
  config: { layers: [{ module, class_name: name, config }] },
});
const KERAS = { name: 'model.keras' };

testBypasses('modelscan', [
  [
    '#218, wrong magic',
    'a number of torch that is another one',
    code(proto(2), 'K\x01.', proto(2), 'M\xe9\x03.', pickle('}'), EVIL),
    CALL,
    { name: 'model.pt' },
  ],
  ['#218, wrong magic', 'a magic number that is right, the payload behind it', code(proto(2), MAGIC, '.', EVIL), CALL, { name: 'model.pt' }],
  ['unknown module', 'a callable that no list has', pickle(call('some.library', 'run_anything', text('x'))), 'pickle-unknown-call', { verdict: 'suspicious' }],
  ['unknown module', 'a gadget of a machine learning library', pickle(call('torch.utils.cpp_extension', 'load', text('x'))), CALL],
  ['npz', 'arrays in an archive', makeZip([{ name: 'a.npy', data: EVIL }]), CALL, { name: 'arrays.npz' }],
  ['zip tricks', 'Python itself cannot open it', torchZip({ data: EVIL, descriptor: false, central: { flags: 1 } }), CALL, { name: 'model.pt' }],
  ['extension', 'a pickle that is called as nothing', pickle(SYSTEM), CALL, { name: 'weights.dat' }],
  [
    '#343, Keras Lambda',
    'bytecode in a layer',
    keras(layer('keras.layers', 'Lambda', { function: { class_name: '__lambda__', config: { code: '4wEAAAA=' } } })),
    'keras-lambda-bytecode',
    KERAS,
  ],
  ['CVE-2025-1550', 'a layer of another module', keras(layer('os', 'system', { command: 'x' })), 'keras-dangerous-module', KERAS],
  ['CVE-2025-8747', 'get_file as a layer', keras(layer('keras.utils', 'get_file', { origin: 'x' })), 'keras-gadget', KERAS],
  ['CVE-2025-9906', 'a layer that switches the safe mode off', keras(layer('keras.config', 'enable_unsafe_deserialization', {})), 'keras-gadget', KERAS],
]);
