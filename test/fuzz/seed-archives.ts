import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { makeTar } from '../artifacts/archives/make-tar.ts';
import { makeZip } from '../artifacts/archives/make-zip.ts';
import { makeHdf5 } from '../artifacts/hdf5/make-hdf5.ts';
import { pickle, SYSTEM } from '../artifacts/pickle/assembler.ts';
import { npy } from './seed-models.ts';
import { KERAS_CONFIG, SEED_TEXTS, SKOPS_SCHEMA } from './seed-texts.ts';
import type { SeedFile } from './seed-file.ts';

const evil = pickle(SYSTEM);
const yaml = SEED_TEXTS.find(({ name }) => name === 'model_config.yaml')?.bytes ?? Buffer.alloc(0);

/** Written by 7-Zip: `a.pkl` (a pickle that calls `os.system`) and `b.txt`; LZMA, then stored. */
const SEVEN_ZIP =
  'N3q8ryccAAS9GFnEhAAAAAAAAAAgAAAAAAAAAM7r52PgAIEAK10AQAENNvwHKDdjSWn8CYAU+HcAuclFl0W5jIx8BwbEs0CWLagPBvAHgMAAAAAAAIEzB64P0S47sKCQoHdexUAYnxAL2H4Skz+UG61H8NBNJNcWs5MCg+f7yIcJpfLu++6VJ4YXiGXRR/uLOXcF6sIwZDYAzg6FW5tLL0P5AAAXBjMBCVEABwsBAAEjAwEBBV0AEAAADFYKASKRSN4AAA==';
const SEVEN_ZIP_STORED =
  'N3q8ryccAAQxyCHUzgAAAAAAAAAhAAAAAAAAAIPdxPGABIwCb3OMBnN5c3RlbZMojAllY2hvIHRlc3R0Ui50ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgdGV4dCB0ZXh0IHRleHQgAACBMweuMZo2DkmgfCm6dpdMF3S7GHx+cfFriFhpdE999482phhoHZ4+Q28yNlm4SDe1ijXnf7lN3pWyKDqJ2woIg/vCUx4kPJkAABcGgIIBCUwABwsBAAEjAwEBBV0AEAAADFYKAYREMkgAAA==';
/** Written by bzip2, xz and lzma, which Node does not have: a pickle that calls `os.system`. */
const BZIP2 = 'QlpoOTFBWSZTWUDh/pEAAAzT4BUgQEEQAApCjCBABAgAIAAiJiA0MnpCmTEyDIwAyedh2QnWGletiYMh5BPxdyRThQkEDh/pEA==';
const XZ = '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAdgASMAm9zjAZzeXN0ZW2TKIwJZWNobyB0ZXN0dFIuAAAA0mCiK3yOu1EAATYePRmVUx+2830BAAAAAARZWg==';
const LZMA = 'XQAAgAD//////////wBAAQ02/AcoN2NJafwJgBT4dwC5yUWXRbmMjHwHBsSzQJvug///oPIgAA==';

/** Containers. What is inside of them is mutated by the mutator that packs, so that checksums are right. */
export const SEED_ARCHIVES: readonly SeedFile[] = Object.entries({
  'plain.zip': makeZip([
    { name: 'a.txt', data: Buffer.from('text'), deflated: true },
    { name: 'b.pkl', data: evil },
  ]),
  'inner.zip': makeZip([{ name: 'x.zip', data: makeZip([{ name: 'y', data: evil, deflated: true }]), deflated: true }], { comment: Buffer.from('a comment') }),
  'arrays.npz': makeZip([{ name: 'a.npy', data: npy(Buffer.alloc(8), "'<f4'", '(2,)'), deflated: true }]),
  'model.keras': makeZip([
    { name: 'metadata.json', data: Buffer.from('{"keras_version": "3.0.0"}') },
    { name: 'config.json', data: Buffer.from(KERAS_CONFIG) },
    { name: 'model.weights.h5', data: makeHdf5({ data: Buffer.alloc(16) }) },
  ]),
  'model.skops': makeZip([{ name: 'schema.json', data: Buffer.from(SKOPS_SCHEMA) }]),
  'model.tar': makeTar([
    { name: 'a/b.pkl', data: evil },
    { name: 'link', type: '2', link: 'a/b.pkl' },
  ]),
  'model.nemo': makeTar([
    { name: './model_config.yaml', data: yaml },
    { name: './model_weights.ckpt', data: evil },
  ]),
  'model.tar.gz': gzipSync(makeTar([{ name: 'b.pkl', data: evil }])),
  'model.gz': gzipSync(evil),
  'model.zlib': deflateSync(evil),
  'model.zst': zstdCompressSync(evil),
  'model.bz2': Buffer.from(BZIP2, 'base64'),
  'model.xz': Buffer.from(XZ, 'base64'),
  'model.lzma': Buffer.from(LZMA, 'base64'),
  'model.7z': Buffer.from(SEVEN_ZIP, 'base64'),
  'stored.7z': Buffer.from(SEVEN_ZIP_STORED, 'base64'),
}).map(([name, bytes]) => ({ name, bytes }));
