import { closeSync, constants, openSync, readSync } from 'node:fs';
import { extname, join } from 'node:path';
import { DEFAULT_IGNORES, ignoreEntries } from '../manifest/ignored-paths.ts';
import { walkModel } from '../manifest/model-walk.ts';

const CODE =
  'py pyc pyo pyd pyx pyw ipynb so dll dylib exe com sys node wasm jar class war sh bash zsh fish ps1 psm1 bat cmd vbs js mjs cjs ts mts rb pl pm php lua r jl go rs c cc cpp cu cuh ptx cubin hsaco java kt scala jinja jinja2 j2';
const WEIGHTS =
  'safetensors gguf ggml ggjt bin pt pth pt2 ptl ckpt h5 hdf5 keras onnx pb tflite npy npz pkl pickle joblib dill msgpack nemo mar model mlmodel mlpackage engine plan trt weights params pdparams pdmodel caffemodel t7 orbax zip 7z tar gz tgz bz2 xz zst';
const EXTENSIONS = new Set(`${CODE} ${WEIGHTS}`.split(' ').map((extension) => `.${extension}`));

/** First bytes of programs, archives and weights, whatever their names are. */
const HEADS: readonly Buffer[] = ['\x7fELF', 'MZ', '#!', 'GGUF', 'PK\x03\x04', '\x89HDF', '\xcf\xfa\xed\xfe', '\xca\xfe\xba\xbe', '\x00asm', '\x93NUMPY']
  .concat(['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05', '\x1f\x8b', '7z\xbc\xaf', '\xfd7zX', '\x28\xb5\x2f\xfd'])
  .map((head) => Buffer.from(head, 'latin1'));

/** Looked at below the ignored paths at most; with more than this it cannot be said that nothing is hidden. */
const MAX_FILES = 20_000;

function hasRiskyName(name: string): boolean {
  return EXTENSIONS.has(extname(name).toLowerCase()) || /\.so\.\d/.test(name);
}

function hasRiskyHead(path: string): boolean {
  const head = Buffer.alloc(8);
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = head.subarray(0, readSync(fd, head, 0, head.length, 0));
      return HEADS.some((start) => found.subarray(0, start.length).equals(start));
    } finally {
      closeSync(fd);
    }
  } catch {
    // What cannot be read cannot be vouched for either.
    return true;
  }
}

async function riskyBelow(model: string, entry: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { files, problems } = await walkModel(join(model, entry), { ignored: new Set(), links: 'refuse', maxEntries: MAX_FILES, signal });
  const nameOf = (name: string): string => (name === '.' ? entry : `${entry}/${name}`);
  const risky = files.filter(({ name, path }) => hasRiskyName(name) || hasRiskyHead(path)).map(({ name }) => nameOf(name));
  // An entry that is not there hides nothing today.
  const unknown = problems.filter(({ detail }) => detail !== 'ENOENT').map(({ name, detail }) => `${nameOf(name)} (${detail})`);
  return [...risky, ...unknown];
}

/**
 * Code, programs and weights that a signature leaves out by its `ignore_paths`: by name where the path says so already, else by name
 * and first bytes of what is there. The default entries have a finding of their own. Rejects with the signal's reason.
 */
export async function hiddenContent(model: string, ignorePaths: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
  const entries = ignoreEntries(model, ignorePaths).filter((entry) => !DEFAULT_IGNORES.includes(entry));
  if (entries.includes('.')) return ['.'];
  const hidden = new Set(entries.filter(hasRiskyName));
  for (const entry of entries) for (const name of await riskyBelow(model, entry, signal)) hidden.add(name);
  return [...hidden].sort();
}
