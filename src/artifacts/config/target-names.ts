import { rateGlobal } from '../pickle/rate-global.ts';

/** Packages whose classes configurations of models name. */
const FRAMEWORKS = new Set(
  `nemo nemo_text_processing nemo_automodel megatron pytorch_lightning lightning lightning_fabric torch torchvision torchaudio torchmetrics torchtune torchtitan
  transformers diffusers tokenizers datasets accelerate peft trl sentence_transformers timm open_clip flax jax optax keras tensorflow numpy scipy sklearn
  apex transformer_engine modelopt bitsandbytes einops monai speechbrain espnet espnet2 fairseq2 omegaconf ldm sgm onnxruntime optimum span_marker setfit pylate`.split(
    /\s+/,
  ),
);
/** Ordinary ways to make an object of a framework, though they load further files. */
const LOADING = new Set([
  'from_pretrained',
  'from_config',
  'load_from_checkpoint',
  'restore_from',
  'load_model',
  'load_dataset',
  'load',
  'AutoModel',
  'pipeline',
]);
const NAME = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
/** Of a framework, and no classes of it either. */
const INSIDE = new Set('os sys subprocess builtins importlib socket shutil ctypes pickle marshal runpy'.split(' '));

export interface TargetRating {
  readonly is: 'known' | 'unknown' | 'dangerous';
  readonly why: string;
}

/** Rates a dotted name that a configuration tells the loader to import and call: `nemo.core.optim.AdamW`. */
export function rateTarget(name: string): TargetRating {
  if (name.length > 500 || !NAME.test(name)) return { is: 'unknown', why: 'it is no plain dotted name' };
  const parts = name.split('.');
  const [root = ''] = parts;
  const last = parts.at(-1) ?? '';
  const rating = rateGlobal(parts.length === 1 ? 'builtins' : parts.slice(0, -1).join('.'), last);
  const framework = FRAMEWORKS.has(root);
  if (framework && parts.slice(1).some((part) => INSIDE.has(part))) return { is: 'dangerous', why: 'it reaches the interpreter through the framework' };
  if (rating.is === 'dangerous') {
    if (root === 'hydra' || (framework && LOADING.has(last))) return { is: 'unknown', why: rating.why };
    return { is: 'dangerous', why: rating.why };
  }
  if (!framework) return { is: 'unknown', why: 'it belongs to no framework that is known here' };
  return { is: 'known', why: '' };
}
