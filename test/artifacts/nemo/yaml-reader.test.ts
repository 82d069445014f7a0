import { describe, expect, it } from 'vitest';
import { makeTar } from '../archives/make-tar.ts';
import { scanFolderOf } from '../config/scan-folder-of.ts';

const found = async (text: string, name = 'model_config.yaml'): Promise<readonly string[]> =>
  [...new Set((await scanFolderOf({ [name]: text })).findings.map(({ rule }) => rule.id))].sort();

describe('the reader of YAML configurations', () => {
  it('takes classes of the framework for granted', async () => {
    const text =
      'target: nemo.collections.asr.models.EncDecCTCModelBPE\nencoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\n  lr: 1e-3\noptim: {_target_: torch.optim.AdamW}\n';
    expect(await found(text)).toEqual([]);
  });

  it.each([
    '_target_: os.system',
    'a: [{_target_: "subprocess.Popen"}]',
    'a: &x builtins.exec\nb:\n  _target_: *x',
    'base: &b\n  _target_: os.popen\nc:\n  <<: *b',
    '---\na: 1\n---\n_target_: nemo.utils.os.system',
    'target: shutil.rmtree',
    '"_targ\\x65t_": os.system',
  ])('finds functions that run commands: %s', async (text) => {
    expect(await found(text)).toEqual(['config-dangerous-target']);
  });

  it('finds names outside of the framework and computed ones', async () => {
    expect(await found('_target_: my_package.Model')).toEqual(['config-unknown-target']);
    expect(await found('_target_: ${oc.env:X}')).toEqual(['config-unknown-target']);
    expect(await found('target: bleu', 'evaluation.yaml')).toEqual([]);
  });

  it('finds tags that make objects', async () => {
    expect(await found('a: !!python/object/apply:os.system ["x"]')).toEqual(['yaml-python-object']);
    expect(await found('a: !<tag:yaml.org,2002:python/name:os.system> ""')).toEqual(['yaml-python-object']);
    expect(await found('a: !!python/object/new:x.Y {}\n  broken: [')).toContain('yaml-python-object');
    expect(await found('a: !!python/tuple [1, 2]\nb: !!set {x}')).toEqual([]);
    expect(await found('a: !include other.yaml')).toEqual(['yaml-unknown-tag']);
  });

  it('judges layers of Keras as their own configuration is judged', async () => {
    const model = (layer: string): string => `class_name: Sequential\nconfig:\n  layers:\n${layer}backend: tensorflow\nkeras_version: 2.4.0\n`;
    const bytecode = Buffer.concat([Buffer.from('e3', 'hex'), Buffer.alloc(16), Buffer.from([3, 0, 0, 0]), Buffer.alloc(20, 0x64)]).toString('base64');
    const lambda = `  - class_name: Lambda\n    config:\n      function: !!python/tuple ["${bytecode}", null, null]\n      function_type: lambda\n`;
    expect(await found(model(lambda), 'model.yaml')).toContain('keras-lambda-bytecode');
    expect(await found(model('  - class_name: Dense\n    config: {units: 4, activation: relu}\n'), 'model.yaml')).toEqual([]);
    expect(await found('class_name: X\nlayers: &a\n  - *a\n', 'model.yaml')).not.toContain('scan-reader-failed');
  });

  it('counts what aliases expand to, and follows none', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${String(i)}: &a${String(i)} [${Array(10)
          .fill(`*a${String(i - 1)}`)
          .join(', ')}]`,
      );
    expect(await found(lines.join('\n'))).toEqual(['yaml-alias-expansion']);
  });

  it('does not fail on deep or broken texts', async () => {
    expect(await found('['.repeat(20_000))).toEqual(['config-broken']);
    expect(await found('a: [1')).toEqual(['config-broken']);
    expect(await found('a: {{ jinja }}: b: c', 'values.yaml')).toEqual([]);
  });

  it('reads the configuration in a NeMo archive', async () => {
    const files = { 'm.nemo': makeTar([{ name: './model_config.yaml', data: Buffer.from('model:\n  _target_: os.system\n') }]) };
    expect((await scanFolderOf(files)).found).toEqual(['m.nemo: config-dangerous-target']);
  });
});
