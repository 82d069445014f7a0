import { describe, expect, it } from 'vitest';
import { floats, makeSafetensors } from '../safetensors/support.ts';
import { scanFolderOf } from './scan-folder-of.ts';

const CONFIG = { architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_size: 64, torch_dtype: 'bfloat16', _name_or_path: '/home/me/models/base' };
const tensor = { dtype: 'F32', shape: [1], data: floats(1) };
const found = async (files: Parameters<typeof scanFolderOf>[0]): Promise<readonly string[]> => (await scanFolderOf(files)).found;

describe('code that a configuration names', () => {
  const autoMap = { ...CONFIG, auto_map: { AutoModel: 'modeling_x.X', AutoTokenizer: ['tokenization_x.X', null] } };

  it('is a finding, and more when it acts while it is imported', async () => {
    const calm = 'import torch\n\nclass X(torch.nn.Module):\n    def forward(self, x):\n        return x\n';
    expect(await found({ 'config.json': autoMap, 'modeling_x.py': calm })).toEqual(['config.json: config-custom-code']);
    const acting = await scanFolderOf({ 'config.json': autoMap, 'modeling_x.py': 'from os import system as s\ns("x")\n' });
    expect(acting.found).toEqual(['config.json: config-code-acts-on-import', 'config.json: config-custom-code', 'modeling_x.py: python-runs-on-import']);
    expect(acting.verdict).toBe('malicious');
  });

  it('is followed into what it imports from the folder', async () => {
    const files = {
      'config.json': autoMap,
      'modeling_x.py': 'from . import helpers\n',
      'helpers.py': 'import socket\nsocket.create_connection(("host", 1))\n',
    };
    expect((await scanFolderOf(files)).found).toContain('config.json: config-code-acts-on-import');
  });

  it('may lie in another repository, which is said', async () => {
    const { found: rules, notChecked } = await scanFolderOf({ 'config.json': { auto_map: { AutoModel: 'owner/name--modeling.X' } } });
    expect(rules).toEqual(['config.json: config-custom-code']);
    expect(notChecked).toContain('code that the configuration names');
  });

  it('is found in pipelines, modules and adapters as well', async () => {
    expect(await found({ 'model_index.json': { _class_name: 'P', unet: ['diffusers', 'UNet'], vae: ['my_vae', 'Vae'] } })).toEqual([
      'model_index.json: config-custom-code',
    ]);
    expect(await found({ 'modules.json': [{ idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' }] })).toEqual([]);
    expect(await found({ 'modules.json': [{ type: 'subprocess.Popen' }] })).toEqual(['modules.json: config-dangerous-target']);
    expect(await found({ 'adapter_config.json': { auto_mapping: { parent_library: 'os' } } })).toEqual(['adapter_config.json: config-dangerous-target']);
    expect(await found({ 'config.json': { trust_remote_code: true } })).toEqual(['config.json: config-trust-remote-code']);
    expect(await found({ 'config.json': { trust_remote_code: false } })).toEqual([]);
    expect(await found({ 'config.json': { head: { _target_: 'os.system', command: 'x' } } })).toEqual(['config.json: config-dangerous-target']);
  });
});

describe('paths in a configuration', () => {
  it.each([
    { vocab_file: '../../secret.txt' },
    { tokenizer_file: '/etc/passwd' },
    { list: ['file:///etc/hosts'] },
    { base_model_name_or_path: '..\\..\\other' },
    { anything: '/root/.ssh/id_rsa' },
    { _name_or_path: '/etc/shadow' },
  ])('leave the folder: %o', async (extra) => {
    expect(await found({ 'config.json': { ...CONFIG, ...extra } })).toEqual(['config.json: config-path-leaves']);
  });

  it.each([
    { name_or_path: '../base' },
    { file: 'sub/../vocab.txt' },
    { tokenizer_file: '/root/.cache/huggingface/hub/tokenizer.json' },
    { note: 'and/or ... etc' },
    { bos_token: '../' },
  ])('are ordinary: %o', async (extra) => {
    const name = 'bos_token' in extra ? { added_tokens_decoder: { 1: { content: extra.bos_token } } } : extra;
    expect(await found({ 'config.json': { ...CONFIG, ...name } })).toEqual([]);
  });
});

describe('weight maps', () => {
  const index = (map: Record<string, unknown>): object => ({ metadata: { total_size: 4 }, weight_map: map });
  const shard = makeSafetensors({ a: tensor });

  it('that fit the files are clean', async () => {
    expect(await found({ 'model.safetensors.index.json': index({ a: 'model-1.safetensors' }), 'model-1.safetensors': shard })).toEqual([]);
  });

  it.each([
    [{ a: 'model-2.safetensors' }, 'config-weight-map'],
    [{ a: 'model-1.safetensors', b: 'model-1.safetensors' }, 'config-weight-map'],
    [{ b: 'model-1.safetensors' }, 'config-weight-map'],
    [{ a: 7 }, 'config-weight-map'],
    [{ a: '/model-1.safetensors' }, 'config-path-leaves'],
    [{ a: 'x/../model-1.safetensors' }, 'config-path-leaves'],
    [{ a: 'https://host/model-1.safetensors' }, 'config-path-leaves'],
  ])('that do not fit are findings: %o', async (map, rule) => {
    expect(await found({ 'model.safetensors.index.json': index(map), 'model-1.safetensors': shard })).toEqual([`model.safetensors.index.json: ${rule}`]);
  });
});

describe('tokenizers', () => {
  const tokenizer = (extra: object): object => ({ version: '1.0', model: { type: 'BPE', vocab: { 'os.system(': 0, '../': 1 }, merges: ['a b'] }, ...extra });

  it.each<[object, string]>([
    [{ pre_tokenizer: { pattern: { Regex: '(\\w+\\s?)*$' } } }, 'config-slow-pattern'],
    [{ normalizer: { type: 'Replace', pattern: { String: ' ' }, content: 'ignore the user' } }, 'config-tokenizer-rewrites'],
    [{ decoder: { type: 'Replace', pattern: { String: 'example.org' }, content: '' } }, 'config-tokenizer-rewrites'],
    [
      {
        added_tokens: [
          { id: 5, content: '<s>' },
          { id: 5, content: '</s>' },
        ],
      },
      'config-confused-tokens',
    ],
    [
      {
        added_tokens: [
          { id: 5, content: '<s>' },
          { id: 6, content: '<s>' },
        ],
      },
      'config-confused-tokens',
    ],
  ])('with %o are findings', async (extra, rule) => {
    expect(await found({ 'tokenizer.json': tokenizer(extra) })).toEqual([`tokenizer.json: ${rule}`]);
  });

  it('as they are published are clean', async () => {
    const published = {
      added_tokens: [
        { id: 0, content: '<s>', special: true },
        { id: 1, content: '<|im_end|>' },
      ],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: { pattern: { Regex: "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)|\\s+" } },
      decoder: { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    };
    expect(await found({ 'tokenizer.json': tokenizer(published) })).toEqual([]);
  });
});

describe('texts of a configuration', () => {
  it('hold credentials, commands or code', async () => {
    expect(await found({ 'config.json': { hub_token: 'q7Zr0pLw93TtYb21Kd8Vn5Xm' } })).toEqual(['config.json: config-secret']);
    expect(await found({ 'config.json': { note: ['AK', 'IAQW3RTY7UIOP5ASDF'].join('') } })).toEqual(['config.json: config-secret']);
    expect(await found({ 'config.json': { init: '__import__("os").system("x")' } })).toEqual(['config.json: config-code-in-text']);
    expect(await found({ 'config.json': { eos_token: '<|im_end|>', commit_hash: 'a3f1'.repeat(10), hub_token: '${HF_TOKEN_FROM_ENV}' } })).toEqual([]);
  });

  it('that stand twice or break off are findings, never clean', async () => {
    expect(await found({ 'config.json': '{"a": 1, "a": 2}' })).toEqual(['config.json: config-duplicate-name']);
    expect(await found({ 'config.json': '{"auto_map": {"AutoModel": "m.X"}, "x": ' })).toEqual([
      'config.json: config-broken',
      'config.json: config-custom-code',
    ]);
    expect(await found({ 'config.json': '{"limit": [0.0, Infinity], "x": NaN}' })).toEqual([]);
    expect(await found({ 'config.json': '{"a":'.repeat(5000) })).toEqual(['config.json: config-broken']);
  });
});
