import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTar } from '../artifacts/archives/make-tar.ts';
import { makeZip } from '../artifacts/archives/make-zip.ts';
import { bytes as pickledBytes, pickle, text as pickledText } from '../artifacts/pickle/assembler.ts';
import { makeSafetensors } from '../artifacts/safetensors/support.ts';
import { LARGEST, MUTATORS } from './mutators.ts';
import { Random } from './random.ts';
import { SEED_FILES } from './seeds.ts';
import type { SeedFile } from './seed-file.ts';

type Packer = (file: SeedFile, random: Random) => SeedFile;

const asMember = (name: string, member: (name: string) => string): Packer => {
  return (file, random) => ({
    name,
    bytes: makeZip([
      { name: member(file.name), data: file.bytes, deflated: random.oneIn(2) },
      ...(random.oneIn(3) ? [{ name: 'version', data: Buffer.from('3\n') }] : []),
    ]),
  });
};

/** Containers that are put around mutated bytes, so that their sizes and checksums are right and what is inside is reached. */
const PACKERS: readonly Packer[] = [
  asMember('model.pt', () => 'archive/data.pkl'),
  asMember('model.keras', () => 'config.json'),
  asMember('model.keras', () => 'model.weights.h5'),
  asMember('model.skops', () => 'schema.json'),
  asMember('arrays.npz', () => 'a.npy'),
  asMember('files.zip', (name) => name),
  ({ name, bytes }) => ({ name: 'model.nemo', bytes: makeTar([{ name: `./${name}`, data: bytes }]) }),
  ({ name, bytes }) => ({ name: `${name}.gz`, bytes: gzipSync(bytes, { level: 1 }) }),
  ({ name, bytes }) => ({ name: `${name}.zst`, bytes: zstdCompressSync(bytes) }),
  ({ bytes }) => ({ name: 'model.joblib', bytes: deflateSync(bytes, { level: 1 }) }),
  ({ bytes }, random) => ({ name: 'outer.pkl', bytes: pickle(random.oneIn(2) ? pickledBytes(bytes) : pickledText(bytes.toString('base64'))) }),
  ({ bytes }) => ({ name: 'outer.safetensors', bytes: makeSafetensors({ blob: { dtype: 'U8', shape: [bytes.length], data: bytes } }) }),
];

/** The input of one run: the same for the same two numbers. */
export function makeCase(seed: number, index: number): SeedFile {
  const random = new Random(seed, index);
  const { name, bytes } = random.pick(SEED_FILES);
  let changed = bytes;
  for (let left = 1 + random.below(random.oneIn(4) ? 12 : 3); left > 0; left--) {
    changed = random.pick(MUTATORS)(changed, random, random.pick(SEED_FILES).bytes).subarray(0, LARGEST);
  }
  let file: SeedFile = { name: random.oneIn(8) ? random.pick(SEED_FILES).name : name, bytes: changed };
  while (random.oneIn(5)) file = random.pick(PACKERS)(file, random);
  return file;
}
