import type { Rule } from '../findings/rule.ts';
import * as archive from '../archives/archive-rules.ts';
import * as compressed from '../archives/compressed-rules.ts';
import * as sevenZip from '../archives/seven-zip-rules.ts';
import * as tar from '../archives/tar-rules.ts';
import * as zip from '../archives/zip-rules.ts';
import * as compare from '../compare/compare-rules.ts';
import * as config from '../config/config-rules.ts';
import * as xml from '../config/xml-rules.ts';
import * as gguf from '../gguf/gguf-rules.ts';
import * as hdf5 from '../hdf5/hdf5-rules.ts';
import * as keras from '../keras/keras-rules.ts';
import * as nemo from '../nemo/nemo-rules.ts';
import * as numpy from '../numpy/numpy-rules.ts';
import * as onnx from '../onnx/onnx-rules.ts';
import * as pickle from '../pickle/pickle-rules.ts';
import * as safetensors from '../safetensors/safetensors-rules.ts';
import * as scan from '../scan/scan-rules.ts';
import * as skops from '../skops/skops-rules.ts';
import * as template from '../templates/template-rules.ts';
import * as tensorflow from '../tensorflow/tensorflow-rules.ts';
import * as text from '../text/text-rules.ts';

const TABLES: readonly object[] = [
  archive,
  compressed,
  sevenZip,
  tar,
  zip,
  compare,
  config,
  xml,
  gguf,
  hdf5,
  keras,
  nemo,
  numpy,
  onnx,
  pickle,
  safetensors,
  scan,
  skops,
  template,
  tensorflow,
  text,
];

function isRule(value: unknown): value is Rule {
  return typeof value === 'object' && value !== null && 'id' in value && 'alarm' in value && 'explanation' in value;
}

/** A module holds rules, or tables of them. */
function rulesIn(value: unknown): Rule[] {
  if (isRule(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(rulesIn) : [];
}

let known: ReadonlyMap<string, Rule> | undefined;

/** Every rule by its id. */
export function knownRules(): ReadonlyMap<string, Rule> {
  known ??= new Map(TABLES.flatMap(rulesIn).map((rule) => [rule.id, rule]));
  return known;
}
