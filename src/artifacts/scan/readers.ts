import { COMPRESSED_READER } from '../archives/compressed-reader.ts';
import { SEVEN_ZIP_READER } from '../archives/seven-zip-reader.ts';
import { TAR_READER } from '../archives/tar-reader.ts';
import { ZIP_READER } from '../archives/zip-reader.ts';
import { CONFIG_READER } from '../config/config-reader.ts';
import { OPENVINO_WEIGHTS_READER } from '../config/openvino-weights-reader.ts';
import { XML_READER } from '../config/xml-reader.ts';
import { GGUF_READER } from '../gguf/gguf-reader.ts';
import { HDF5_READER } from '../hdf5/hdf5-reader.ts';
import { KERAS_ARCHIVE_READER } from '../keras/archive-reader.ts';
import { KERAS_CONFIG_READER } from '../keras/config-reader.ts';
import { YAML_READER } from '../nemo/yaml-reader.ts';
import { NPY_READER } from '../numpy/npy-reader.ts';
import { ONNX_READER } from '../onnx/onnx-reader.ts';
import { PICKLE_READER } from '../pickle/pickle-reader.ts';
import { SAFETENSORS_READER } from '../safetensors/safetensors-reader.ts';
import { SENTENCEPIECE_READER } from '../sentencepiece/sentencepiece-reader.ts';
import { SKOPS_READER } from '../skops/skops-reader.ts';
import { TF_CHECKPOINT_READER } from '../tensorflow/checkpoint-reader.ts';
import { SAVED_MODEL_READER } from '../tensorflow/saved-model-reader.ts';
import { TEMPLATE_READER } from '../templates/template-reader.ts';
import { PYTHON_READER } from '../text/python-reader.ts';
import { TEXT_READER } from '../text/text-reader.ts';
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
  KERAS_ARCHIVE_READER,
  KERAS_CONFIG_READER,
  HDF5_READER,
  SAVED_MODEL_READER,
  TF_CHECKPOINT_READER,
  ONNX_READER,
  SENTENCEPIECE_READER,
  TEMPLATE_READER,
  CONFIG_READER,
  SKOPS_READER,
  YAML_READER,
  XML_READER,
  OPENVINO_WEIGHTS_READER,
  PYTHON_READER,
  TEXT_READER,
  NATIVE_CODE_READER,
];
