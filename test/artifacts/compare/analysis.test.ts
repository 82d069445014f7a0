import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/artifacts/compare/analysis.ts';
import type { Analysis, AnalysisJob } from '../../../src/artifacts/compare/analysis.ts';
import { runAnalysis } from '../../../src/artifacts/compare/run-analysis.ts';
import { makeGguf, text, texts } from '../gguf/support.ts';
import { folderWith } from '../report/scanned-model.ts';
import type { Files } from '../report/scanned-model.ts';
import { makeSafetensors } from '../safetensors/support.ts';
import type { MadeTensor } from '../safetensors/support.ts';

function jobOf(model: Files | string, given: Partial<AnalysisJob> = {}): AnalysisJob {
  return { model: typeof model === 'string' ? model : folderWith(model), baseline: null, adapters: [], weights: false, ...given };
}

function analysisOf(model: Files | string, given: Partial<AnalysisJob> = {}): Analysis {
  return analyze(jobOf(model, given), new AbortController().signal, () => undefined);
}

function f32(values: readonly number[], shape: readonly number[] = [values.length]): MadeTensor {
  return { dtype: 'F32', shape, data: Buffer.from(Float32Array.from(values).buffer) };
}

const rules = ({ findings }: Analysis): string[] => findings.map(({ rule }) => rule.id);

describe('tensors against the previous version', () => {
  it('takes shards as one model, and files of other folders as models of their own', () => {
    const shards = (value: number): Files => ({
      'model-00001-of-00002.safetensors': makeSafetensors({ a: f32([1, 2]) }),
      'model-00002-of-00002.safetensors': makeSafetensors({ b: f32([value]) }),
      'encoder/model.safetensors': makeSafetensors({ a: f32([5]) }),
    });
    const { comparison, findings } = analysisOf(shards(4), { baseline: folderWith(shards(3)) });
    expect(comparison).toMatchObject({ compared: 3, added: [], missing: [] });
    expect(comparison?.changed.map(({ name }) => name)).toEqual(['b']);
    expect(findings).toEqual([]);
  });

  it('pairs single files whatever their names, and says which have no partner or are not read', () => {
    const old = folderWith({ 'old.safetensors': makeSafetensors({ a: f32([1]) }) });
    expect(analysisOf({ 'new.safetensors': makeSafetensors({ a: f32([1]) }) }, { baseline: old }).comparison?.compared).toBe(1);
    const two: Files = { 'x.safetensors': makeSafetensors({ a: f32([1]) }), 'y.safetensors': makeSafetensors({ a: f32([1]) }), 'z.bin': 'torch' };
    const { comparison, notChecked } = analysisOf(two, { baseline: old });
    expect(comparison?.compared).toBe(0);
    expect(notChecked.map(({ path, reason }) => [path[0], reason])).toEqual([
      ['x.safetensors', 'the previous version has no such file'],
      ['y.safetensors', 'the previous version has no such file'],
      ['z.bin', 'tensors of safetensors and GGUF files are compared only'],
    ]);
  });

  it('finds missing, new and reshaped tensors', () => {
    const old = folderWith({ 'm.safetensors': makeSafetensors({ a: f32([1]), b: f32([1, 2]) }) });
    expect(rules(analysisOf({ 'm.safetensors': makeSafetensors({ b: f32([1, 2], [2, 1]), c: f32([3]) }) }, { baseline: old }))).toEqual([
      'compare-inventory',
      'compare-inventory',
      'compare-inventory',
    ]);
  });

  it('reads GGUF, whose rows come last in the header, also quantised', () => {
    const block = (scale: number): Buffer => Buffer.concat([Buffer.from([0, scale]), Buffer.alloc(32, 1)]);
    const gguf = (scale: number): Buffer =>
      makeGguf({ infos: [{ name: 'w', dims: [32n, 2n], type: 8, offset: 0n }], data: Buffer.concat([block(0x3c), block(scale), Buffer.alloc(28)]) });
    const { comparison } = analysisOf({ 'new.gguf': gguf(0x40) }, { baseline: folderWith({ 'old.gguf': gguf(0x3c) }), weights: true });
    expect(comparison?.changed[0]).toMatchObject({ name: 'w', shape: [2, 32], changed: 32, elements: 64, largest: 1 });
  });

  it('says that hardly anything is left of the previous weights, and finds nothing in what that makes', () => {
    const weights = (seed: number): Files => {
      const tensors = Array.from(
        { length: 8 },
        (_, layer) =>
          [
            `layers.${String(layer)}.w`,
            f32(
              Array.from({ length: 256 }, (_value, i) => Math.sin(seed * (i + 3) * (layer + 7))),
              [16, 16],
            ),
          ] as const,
      );
      return { 'm.safetensors': makeSafetensors(Object.fromEntries(tensors)) };
    };
    const { findings, notChecked } = analysisOf(weights(5), { baseline: folderWith(weights(9)) });
    expect(findings).toEqual([]);
    expect(notChecked[0]).toMatchObject({ check: 'concentration and outliers of what changed', path: ['m.safetensors'] });
  });

  it('says that a version cannot be read', () => {
    const old = folderWith({ 'm.safetensors': 'no header' });
    expect(rules(analysisOf({ 'm.safetensors': makeSafetensors({ a: f32([1]) }) }, { baseline: old }))).toContain('compare-unreadable');
  });
});

describe('chat templates against the previous version', () => {
  const config = (template: string): Files => ({ 'tokenizer_config.json': JSON.stringify({ chat_template: template }) });

  it('of the same text are no finding, wherever they lie', () => {
    const gguf: Files = { 'm.gguf': makeGguf({ keys: [['tokenizer.chat_template', text('{{ x }}')]] }) };
    expect(rules(analysisOf(gguf, { baseline: folderWith(config('{{ x }}')) }))).toEqual([]);
    expect(analysisOf(gguf).templates).toMatchObject([{ path: 'm.gguf', name: 'tokenizer.chat_template', bytes: 7 }]);
  });

  it('are found when they are others, new or gone', () => {
    const old = folderWith(config('{{ x }}'));
    const details = (files: Files): string[] => analysisOf(files, { baseline: old }).findings.map(({ detail }) => detail.replaceAll(/[0-9a-f]{16}/g, '#'));
    expect(details(config('{{ y }}'))).toEqual(['template "default" # was # before (first digits of their SHA-256)']);
    expect(details({ ...config('{{ x }}'), 'chat_template.jinja': '{{ z }}' })).toEqual(['template "default" # was # before (first digits of their SHA-256)']);
    expect(details({ 'config.json': '{}' })).toEqual(['template "default" of tokenizer_config.json is missing']);
  });
});

describe('adapters', () => {
  /** Twelve modules of rank 2 in which every value is small, but one of a single one. */
  function adapter(strong: number): Buffer {
    const tensors: Record<string, MadeTensor> = {};
    for (let layer = 0; layer < 12; layer++) {
      const size = layer === 5 ? strong : 1 + layer / 100;
      tensors[`m.layers.${String(layer)}.q_proj.lora_A.weight`] = f32([size, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [2, 8]);
      tensors[`m.layers.${String(layer)}.q_proj.lora_B.weight`] = f32([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [8, 2]);
    }
    return makeSafetensors(tensors);
  }

  it('in the model and given ones are found, with the module that stands out', () => {
    const plain = analysisOf({ 'adapter_model.safetensors': adapter(1.05) });
    expect({ found: plain.adapters.map(({ path, against }) => [path, against]), rules: rules(plain) }).toEqual({
      found: [['adapter_model.safetensors', 'own-modules']],
      rules: [],
    });
    const lora = folderWith({ 'adapter_model.safetensors': adapter(40) });
    const { findings } = analysisOf({ 'config.json': '{}' }, { adapters: [{ path: lora, label: 'adapter:lora/' }] });
    expect(findings[0]).toMatchObject({ rule: { id: 'adapter-spectral-outlier' }, path: ['adapter:lora/adapter_model.safetensors'] });
    expect(findings[0]?.detail).toContain('"m.layers.5.q_proj"');
  });

  it('are compared with clean ones where the baseline has some', () => {
    const clean = folderWith({ 'adapter_model.safetensors': adapter(1.05) });
    expect(analysisOf({ 'adapter_model.safetensors': adapter(1.05) }, { baseline: clean }).adapters[0]?.against).toBe('baseline');
  });
});

describe('what the files state about the model', () => {
  it('comes from README, configurations and GGUF, each value once', () => {
    const { facts } = analysisOf({
      'README.md': '---\nlicense: MIT\nbase_model: [a/b, c/d]\ndatasets: x/y\n---\ntext\n---\nlicense: other\n---\n',
      'adapter_config.json': JSON.stringify({ base_model_name_or_path: 'a/b', task_type: 'CAUSAL_LM', datasets: 'no' }),
      'm.gguf': makeGguf({
        keys: [
          ['general.name', text('A model')],
          ['general.languages', texts('en', 'de')],
        ],
      }),
    });
    expect(facts).toEqual({
      ...{ name: 'A model', architecture: null, task: 'CAUSAL_LM', license: 'MIT', baseModels: ['a/b', 'c/d'], datasets: ['x/y'], languages: ['en', 'de'] },
      sources: ['README.md', 'adapter_config.json', 'm.gguf'],
    });
  });

  it.each<[string, Files]>([
    ['nothing', { 'a.txt': 'a' }],
    ['a README without front matter', { 'README.md': '# License: MIT\n' }],
    ['front matter that is no YAML', { 'README.md': '---\n{]: [\n---\n' }],
    ['front matter that never ends', { 'README.md': `---\n${'license: MIT\n'.repeat(3)}` }],
    [
      'aliases upon aliases',
      { 'README.md': `---\na: &a [x, x]\n${Array.from({ length: 30 }, (_, i) => `b${String(i)}: &b${String(i)} [*a, *a]`).join('\n')}\n---\n` },
    ],
    ['a configuration that is no object', { 'config.json': '[1, 2]' }],
    ['a configuration that is no JSON', { 'config.json': '{"model_type":' }],
    ['a GGUF file that breaks off', { 'm.gguf': makeGguf({ keys: [['general.name', text('x')]] }).subarray(0, 40) }],
    ['other types than texts', { 'config.json': '{"model_type":5,"architectures":[null,{}],"__proto__":{"task_type":"x"}}' }],
  ])('is nothing where there is %s', (_what, files) => {
    expect(analysisOf(files).facts).toMatchObject({ name: null, architecture: null, task: null, license: null, baseModels: [], datasets: [] });
  });
});

describe('in a thread', () => {
  it('gives the same, tells what it is doing, and fails where nothing is', async () => {
    const files: Files = { 'm.safetensors': makeSafetensors({ a: f32([1, 2, 3]) }) };
    const job = jobOf(files, { weights: true });
    const said: string[] = [];
    expect(await runAnalysis(job, { onProgress: (what) => said.push(what) })).toEqual(analysisOf(job.model, { weights: true }));
    expect(said[0]).toMatch(/^statistics of m\.safetensors: \d+ %$/);
    rmSync(job.model, { recursive: true });
    await expect(runAnalysis(job)).rejects.toThrow('ENOENT');
    await expect(runAnalysis({ ...job, model: join(job.model, 'x') }, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });
});
