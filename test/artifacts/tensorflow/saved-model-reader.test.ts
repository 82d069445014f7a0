import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { SAVED_MODEL_READER } from '../../../src/artifacts/tensorflow/saved-model-reader.ts';
import { TF_CHECKPOINT_READER } from '../../../src/artifacts/tensorflow/checkpoint-reader.ts';
import { field, number } from '../protobuf/make-message.ts';
import { scanWith } from '../safetensors/support.ts';

const node = (op: string, ...rest: readonly Buffer[]): Buffer => Buffer.concat([field(1, 'n'), field(2, op), ...rest]);
const graph = (...ops: readonly string[]): Buffer => Buffer.concat(ops.map((op) => field(1, node(op))));
const library = (op: string): Buffer => field(2, field(1, field(1, field(1, 'f')), field(3, node(op))));
const savedModel = (inGraph: Buffer, ...more: readonly Buffer[]): Buffer =>
  Buffer.concat([number(1, 1), field(2, field(1, field(4, 'serve')), field(2, inGraph), ...more)]);
const idsOf = async (bytes: Buffer, name = 'saved_model.pb'): Promise<string[]> => (await scanWith(SAVED_MODEL_READER, bytes, name)).ids;
const recognizes = (bytes: Buffer, name: string): boolean => SAVED_MODEL_READER.recognizes(bytes.subarray(0, 4096), { source: bytesSource(bytes), name });

describe('a SavedModel', () => {
  it('with ordinary operations has no finding', async () => {
    const bytes = savedModel(
      graph('Placeholder', 'MatMul', 'SaveV2', 'RestoreV2', 'StatefulPartitionedCall', 'HashTableV2', 'InitializeTableFromTextFileV2', 'Assert'),
    );
    expect(await idsOf(bytes)).toEqual([]);
  });

  it.each([
    'PyFunc',
    'PyFuncStateless',
    'EagerPyFunc',
    'ReadFile',
    'WriteFile',
    'MatchingFiles',
    'LoadLibrary',
    'ShellExecute',
    'Other>PyFunc',
    'MyShellCommand',
  ])('with %s is malicious, in the graph and in a function', async (op) => {
    expect(await idsOf(savedModel(graph('Relu', op)))).toEqual(['tensorflow-dangerous-op']);
    expect(await idsOf(savedModel(Buffer.concat([graph('PartitionedCall'), library(op)])))).toEqual(['tensorflow-dangerous-op']);
  });

  it.each(['DebugIdentity', 'DebugIdentityV2', 'DebugIdentityV9', 'TextLineDataset', 'MatchingFilesDataset', 'CreateSummaryFileWriter', 'RpcCall'])(
    'with %s is suspicious',
    async (op) => {
      expect(await idsOf(savedModel(graph(op)))).toEqual(['tensorflow-side-effect-op']);
    },
  );

  it('that prints is fine, unless it prints into a file', async () => {
    const attribute = (text: string): Buffer => field(5, field(1, 'output_stream'), field(2, field(2, text)));
    expect(await idsOf(savedModel(field(1, node('PrintV2', attribute('stderr')))))).toEqual([]);
    expect(await idsOf(savedModel(field(1, node('PrintV2', attribute('file:///tmp/x')))))).toEqual(['tensorflow-dangerous-op']);
  });

  it('is judged by every operation that a node says it has', async () => {
    expect(await idsOf(savedModel(field(1, node('PyFunc', field(2, 'Relu')))))).toEqual(['tensorflow-dangerous-op']);
  });

  it('has assets in its own folder', async () => {
    expect(await idsOf(savedModel(graph('Relu'), field(6, field(2, 'vocab.txt'))))).toEqual([]);
    expect(await idsOf(savedModel(graph('Relu'), field(6, field(2, '../../etc/passwd'))))).toEqual(['tensorflow-asset-path']);
  });

  it('with a Lambda in what Keras wrote about its layers is malicious', async () => {
    const json = JSON.stringify({ class_name: 'Lambda', config: { function: ['YwAAAAAAAAAAAAAAAAAA', null, null], function_type: 'lambda' } });
    expect(await idsOf(savedModel(graph('Relu'), field(7, field(1, field(4, field(3, json))))))).toContain('keras-lambda-bytecode');
    expect(await idsOf(field(1, number(2, 1), field(4, '_tf_keras_layer'), field(5, json)), 'keras_metadata.pb')).toContain('keras-lambda-bytecode');
  });

  it('that is cut anywhere is never clean', async () => {
    const bytes = savedModel(graph('Relu', 'MatMul'));
    for (let end = 3; end < bytes.length; end++) expect(await idsOf(bytes.subarray(0, end))).toContain('tensorflow-unreadable');
  });

  it('is said to be broken at the offset of the broken field', async () => {
    const { findings } = await scanWith(SAVED_MODEL_READER, savedModel(graph('Relu')).subarray(0, 10), 'saved_model.pb');
    expect(findings.map(({ rule, offset }) => [rule.id, offset])).toEqual([['tensorflow-unreadable', 2]]);
  });

  it('with any byte changed never throws', async () => {
    const bytes = savedModel(Buffer.concat([graph('Relu', 'PyFunc'), library('WriteFile')]));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        await scanWith(SAVED_MODEL_READER, changed, 'saved_model.pb');
      }),
    );
  });
});

describe('graphs of TensorFlow', () => {
  it('are recognized by their layout, whatever their name', async () => {
    expect(recognizes(savedModel(graph('Relu')), 'model.bin')).toBe(true);
    expect(recognizes(graph('Placeholder', 'Relu'), 'frozen_inference_graph.pb')).toBe(true);
    expect(recognizes(Buffer.concat([field(1, field(4, 'train')), field(2, graph('Relu'))]), 'model.ckpt.meta')).toBe(true);
    expect(await idsOf(graph('Placeholder', 'WriteFile'), 'frozen.pb')).toEqual(['tensorflow-dangerous-op']);
    expect(await idsOf(Buffer.concat([field(1, field(4, 'train')), field(2, graph('WriteFile'))]), 'model.meta')).toEqual(['tensorflow-dangerous-op']);
  });

  it('are not seen in texts and in other messages', () => {
    const piece = field(1, field(1, 'token'), Buffer.from([0x15, 0, 0, 0, 0]), number(3, 1));
    expect(recognizes(Buffer.concat([piece, piece]), 'tokenizer.model')).toBe(false);
    expect(recognizes(Buffer.from('saved_model_schema_version: 1\n'), 'saved_model.pb')).toBe(false);
    expect(recognizes(Buffer.from('\n\nplain text\n'), 'notes.txt')).toBe(false);
    expect(recognizes(Buffer.alloc(0), 'saved_model.pb')).toBe(false);
  });

  it('have checkpoints beside them, which are known by name and footer', () => {
    const table = Buffer.concat([Buffer.alloc(60), Buffer.from('57fb808b247547db', 'hex')]);
    const knows = (bytes: Buffer, name: string): boolean => TF_CHECKPOINT_READER.recognizes(bytes, { source: bytesSource(bytes), name });
    expect(knows(table, 'variables.index')).toBe(true);
    expect(knows(Buffer.alloc(100), 'variables.index')).toBe(false);
    expect(knows(Buffer.alloc(100), 'variables.data-00000-of-00001')).toBe(true);
  });
});
