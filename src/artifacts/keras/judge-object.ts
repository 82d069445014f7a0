import type { Rule } from '../findings/rule.ts';
import { decodeWhole } from '../pickle/encoded-text.ts';
import { startsLoadable } from '../pickle/loadable.ts';
import { opDanger } from '../tensorflow/dangerous-ops.ts';
import type { Frame, NamedText } from './frame.ts';
import { KERAS_RULES } from './keras-rules.ts';
import { rateClass } from './rate-class.ts';

/** Something that is wrong with an object. `offset`: in the bytes of the configuration. */
export interface ObjectSign {
  readonly rule: Rule;
  readonly offset: number;
  readonly detail: string;
}

/** Functions of TensorFlow by their names in layers that stand for them, which start at `tf`. */
const TF_DANGER =
  /(?:^|\.)(?:py_func(?:tion)?|numpy_function|read_file|write_file|load_op_library|load_library|matching_files|py_func_common|system|eval|exec)$/i;
const TF_LAYERS = /^(?:TFOpLambda|SlicingOpLambda|ClassMethod|InstanceMethod|InstanceProperty|TensorFlowOpLayer|TfOp\w{0,40})$/;
/** Arguments of Lambda that are functions; each has a `<name>_type` beside it in old configurations. */
const FUNCTIONS = ['function', 'output_shape', 'mask'];

/** Judges one object by its own texts and by those right below it. */
export function judgeObject(frame: Frame): ObjectSign[] {
  const signs = [...judgeNames(frame), ...judgeFunctions(frame), ...judgeClass(frame)];
  for (const { text, offset } of texts(frame, 'vocabulary'))
    if (text !== '') signs.push({ rule: KERAS_RULES.vocabularyPath, offset, detail: JSON.stringify(text.slice(0, 200)) });
  return signs;
}

const texts = (frame: Frame, key: string): readonly NamedText[] => frame.texts.get(key) ?? [];

/** What Keras would import: every module with every name, since names may stand there twice. */
function judgeNames(frame: Frame): ObjectSign[] {
  const classes = texts(frame, 'class_name');
  // A Lambda of old files has the modules of its functions beside them.
  const modules = [...texts(frame, 'module')];
  const isFunction = classes.some(({ text }) => text === 'function');
  const names = [
    ...classes,
    ...texts(frame, 'spec_name'),
    ...(isFunction ? [...texts(frame, 'config'), ...texts(frame, 'registered_name')] : []),
    ...texts(frame, 'function'),
  ];
  const signs: ObjectSign[] = [];
  for (const { text: name, offset } of names) {
    const found = (modules.length > 0 ? modules.map(({ text }) => text) : ['']).flatMap((module) => rateClass(module, name) ?? []);
    for (const { rule, why } of found) signs.push({ rule, offset, detail: why });
  }
  if (names.length === 0 && classes.length === 0)
    for (const { text, offset } of modules)
      for (const { rule, why } of [rateClass(text, '')].flatMap((one) => one ?? [])) signs.push({ rule, offset, detail: why });
  return signs;
}

/** Lambdas as they are stored in all versions: an object `__lambda__`, a list that begins with bytecode, or a type that says so. */
function judgeFunctions(frame: Frame): ObjectSign[] {
  const signs: ObjectSign[] = [];
  for (const { offset } of texts(frame, 'class_name').filter(({ text }) => text === '__lambda__'))
    signs.push({ rule: KERAS_RULES.bytecode, offset, detail: 'a lambda' });
  for (const name of FUNCTIONS) {
    for (const { text, offset } of texts(frame, `${name}_type`))
      if (text === 'lambda') signs.push({ rule: KERAS_RULES.bytecode, offset, detail: `${name} is a lambda` });
    if (name !== 'output_shape') signs.push(...judgeLists(frame, name));
  }
  return signs;
}

/** Lists of old files: bytecode, defaults, closure. */
function judgeLists(frame: Frame, name: string): ObjectSign[] {
  const lists = (frame.inner.get(name) ?? []).filter(({ kind }) => kind === 'array');
  const encoded = lists.flatMap((list) => texts(list, '0').filter(({ text }) => text.length >= 16 && decodeWhole(text) !== null));
  return encoded.map(({ offset }) => ({ rule: KERAS_RULES.bytecode, offset, detail: `${name} is a list that begins with encoded code` }));
}

/** Classes of Keras that run what their configuration holds. */
function judgeClass(frame: Frame): ObjectSign[] {
  const signs: ObjectSign[] = [];
  for (const { text, offset } of texts(frame, 'class_name')) {
    const name = text.slice(Math.max(text.lastIndexOf('>'), text.lastIndexOf('.')) + 1);
    if (name === 'Lambda') signs.push({ rule: KERAS_RULES.lambda, offset, detail: text });
    if (name === 'TorchModuleWrapper') signs.push(...judgeWrapper(frame, offset));
    if (TF_LAYERS.test(name)) signs.push(...judgeOperations(frame, name));
  }
  return signs;
}

function judgeWrapper(frame: Frame, offset: number): ObjectSign[] {
  const values = (frame.inner.get('config') ?? []).flatMap((config) => texts(config, 'module'));
  const pickled = values.find(({ text }) => {
    const bytes = decodeWhole(text)?.bytes;
    return bytes !== undefined && (startsLoadable(bytes.subarray(0, 64)) || bytes[0] === 0x80);
  });
  if (pickled !== undefined)
    return [{ rule: KERAS_RULES.wrappedPickle, offset: pickled.offset, detail: `${String(pickled.text.length)} characters of base64` }];
  return [{ rule: KERAS_RULES.wrapper, offset, detail: 'TorchModuleWrapper' }];
}

function judgeOperations(frame: Frame, name: string): ObjectSign[] {
  const signs: ObjectSign[] = [];
  for (const config of frame.inner.get('config') ?? []) {
    for (const { text, offset } of texts(config, 'function'))
      if (TF_DANGER.test(text)) signs.push({ rule: KERAS_RULES.gadget, offset, detail: `${name} calls tf.${text}` });
    for (const { text, offset } of texts(config, 'node_def')) {
      // The node as JSON or as protobuf text: names of operations stand in it as they are.
      const op = (text.slice(0, 65_536).match(/[A-Z]\w{2,80}/g) ?? []).find((word) => opDanger(word) !== null);
      if (op !== undefined) signs.push({ rule: KERAS_RULES.gadget, offset, detail: `${name} runs ${op}` });
    }
  }
  return signs;
}
