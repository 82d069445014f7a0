import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { ByteSource } from '../bytes/byte-source.ts';
import { FileSource } from '../bytes/file-source.ts';
import { walkFolder } from '../scan/walk-folder.ts';
import type { ModelFile } from './model-tensors.ts';
import { isGguf } from './model-tensors.ts';

/** Files with tensors that belong together: the shards of one model, or a single file. */
export interface TensorGroup {
  /** Path of the file without the number of the shard. */
  readonly name: string;
  readonly files: readonly ModelFile[];
}

export interface OpenModel {
  readonly groups: readonly TensorGroup[];
  /** Files of names that hold weights in other formats; their tensors are not read. */
  readonly others: readonly string[];
  close(): void;
}

/** More open files at once than this would run into limits of the system; real models have some hundred shards. */
const MAX_FILES = 512;
const SHARD = /-\d{5}-of-\d{5}(?=\.[a-z]+$)/i;
const OTHER_WEIGHTS = /\.(?:bin|pt|pth|ckpt|h5|hdf5|keras|onnx|pb|npz|msgpack|tflite|pkl|joblib|nemo|tar|zip)$/i;

/** Every file below a folder, or the one file: path in the model, absolute path. Links that lead out of it are left out. */
export function filesOf(model: string): readonly { readonly path: string; readonly absolute: string }[] {
  if (!statSync(model).isDirectory()) return [{ path: basename(model), absolute: model }];
  return walkFolder(model).filter(({ kind, trouble }) => kind === 'file' && trouble === null);
}

/** Opens the safetensors and GGUF files of a model. Names of two groups do not meet: a folder may hold several models. */
export function openModel(model: string): OpenModel {
  const open: FileSource[] = [];
  const groups = new Map<string, ModelFile[]>();
  const others: string[] = [];
  for (const { path, absolute } of filesOf(model)) {
    const source = open.length < MAX_FILES ? tensorFile(path, absolute) : undefined;
    if (source === undefined) {
      if (OTHER_WEIGHTS.test(path) || isTensorName(path)) others.push(path);
      continue;
    }
    open.push(source);
    const name = path.replace(SHARD, '');
    groups.set(name, [...(groups.get(name) ?? []), { path, source: unbuffered(source) }]);
  }
  return {
    groups: [...groups].map(([name, files]) => ({ name, files })),
    others,
    close: () => {
      for (const source of open) source.close();
    },
  };
}

/** Windows of hundreds of shards would add up, and tensors are read once. */
function unbuffered(file: FileSource): ByteSource {
  return {
    size: file.size,
    read: (offset, length) => {
      if (offset >= file.size || length <= 0) return Buffer.alloc(0);
      const buffer = Buffer.allocUnsafeSlow(Math.min(length, file.size - offset));
      return buffer.subarray(0, file.readInto(buffer, offset));
    },
  };
}

function isTensorName(path: string): boolean {
  return /\.(?:safetensors|gguf)$/i.test(path);
}

function tensorFile(path: string, absolute: string): FileSource | undefined {
  let source: FileSource;
  try {
    source = FileSource.open(absolute);
  } catch {
    return undefined;
  }
  if (isGguf(source) || /\.safetensors$/i.test(path)) return source;
  source.close();
  return undefined;
}

/** Groups of two versions that belong together: those of one name, or the only two that there are. */
export function pairGroups(before: readonly TensorGroup[], after: readonly TensorGroup[]): { readonly before: TensorGroup; readonly after: TensorGroup }[] {
  const [onlyBefore, onlyAfter] = [before[0], after[0]];
  if (before.length === 1 && after.length === 1 && onlyBefore !== undefined && onlyAfter !== undefined) return [{ before: onlyBefore, after: onlyAfter }];
  return before.flatMap((old) => {
    const now = after.find(({ name }) => name === old.name);
    return now === undefined ? [] : [{ before: old, after: now }];
  });
}
