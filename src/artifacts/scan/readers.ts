import { COMPRESSED_READER } from '../archives/compressed-reader.ts';
import { SEVEN_ZIP_READER } from '../archives/seven-zip-reader.ts';
import { TAR_READER } from '../archives/tar-reader.ts';
import { ZIP_READER } from '../archives/zip-reader.ts';
import { GGUF_READER } from '../gguf/gguf-reader.ts';
import { NPY_READER } from '../numpy/npy-reader.ts';
import { PICKLE_READER } from '../pickle/pickle-reader.ts';
import { SAFETENSORS_READER } from '../safetensors/safetensors-reader.ts';
import { TEMPLATE_READER } from '../templates/template-reader.ts';
import { NATIVE_CODE_READER } from './native-code-reader.ts';
import type { Reader } from './reader.ts';

/** Everybody who reads a format. All whose format the bytes claim read them, in this order: containers first. */
export const READERS: readonly Reader[] = [
  ZIP_READER,
  TAR_READER,
  SEVEN_ZIP_READER,
  COMPRESSED_READER,
  PICKLE_READER,
  NPY_READER,
  SAFETENSORS_READER,
  GGUF_READER,
  TEMPLATE_READER,
  NATIVE_CODE_READER,
];
