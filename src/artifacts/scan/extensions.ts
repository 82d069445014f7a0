import type { Content } from './sniff.ts';

const PACKED: readonly Content[] = ['gzip', 'bzip2', 'xz', 'zlib', 'zstd', 'lz4', 'lzma'];
const TORCH: readonly Content[] = ['zip', 'pickle', 'tar'];
const PICKLE: readonly Content[] = ['pickle', 'zip', 'npy', ...PACKED];
const TEXT: readonly Content[] = ['text', 'script'];
const IMAGE: readonly Content[] = ['image', 'text'];

/** What files of a name may hold. `strict`: all else is wrong; `loose`: pictures and the like are; `any`: only what loaders read is. */
type Rest = 'strict' | 'loose' | 'any';

interface Allowance {
  readonly holds: readonly Content[];
  readonly rest: Rest;
}

const table: readonly (readonly [string, readonly Content[], Rest])[] = [
  ['pt pth', TORCH, 'strict'],
  ['ckpt mar', TORCH, 'loose'],
  ['bin', [...TORCH, 'gguf', 'safetensors', 'text'], 'loose'],
  ['pkl pickle joblib dill', PICKLE, 'strict'],
  ['npy', ['npy'], 'strict'],
  ['npz', ['zip'], 'strict'],
  ['safetensors', ['safetensors'], 'strict'],
  ['gguf', ['gguf'], 'strict'],
  ['h5 hdf5', ['hdf5'], 'strict'],
  ['keras', ['zip', 'hdf5'], 'strict'],
  ['skops', ['zip'], 'strict'],
  ['nemo', ['tar', 'gzip'], 'strict'],
  ['onnx pb pbtxt tflite', ['text'], 'any'],
  ['zip whl', ['zip'], 'strict'],
  ['tar', ['tar'], 'strict'],
  ['gz tgz', ['gzip'], 'strict'],
  ['bz2', ['bzip2'], 'strict'],
  ['xz', ['xz'], 'strict'],
  ['lzma', ['lzma', 'xz'], 'strict'],
  ['zst', ['zstd'], 'strict'],
  ['7z', ['7z'], 'strict'],
  ['txt md json jsonl yaml yml toml ini cfg csv tsv xml html jinja jinja2 j2 template py sh c h cpp cu log rst', TEXT, 'any'],
  ['png jpg jpeg gif webp bmp tif tiff svg ico', IMAGE, 'any'],
];
const ALLOWANCES = new Map<string, Allowance>(table.flatMap(([names, holds, rest]) => names.split(' ').map((name) => [name, { holds, rest }] as const)));

/** Contents that carry code or can hide some; the others are harmless under a wrong name. */
const LOADED = new Set<Content>(['pickle', 'zip', '7z', 'rar', 'tar', 'native', 'script', 'hdf5', 'npy', ...PACKED]);

/** Contents that are no model, whatever a name with a wide meaning says. */
const UNLOADED = new Set<Content>(['image', 'media', 'document']);

export function extensionOf(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const dot = file.lastIndexOf('.');
  return dot < 0 ? '' : file.slice(dot + 1);
}

/** `other`: it holds another format that loaders read, `not`: it holds nothing of what its name says. */
export function againstExtension(name: string, content: Content | null): 'other' | 'not' | null {
  const allowed = ALLOWANCES.get(extensionOf(name));
  if (allowed === undefined || (content !== null && allowed.holds.includes(content))) return null;
  if (content !== null && LOADED.has(content)) return 'other';
  const wrong = allowed.rest === 'strict' || (allowed.rest === 'loose' && content !== null && UNLOADED.has(content));
  return wrong ? 'not' : null;
}
