import type { Rule } from '../findings/rule.ts';
import { rateGlobal } from '../pickle/rate-global.ts';
import { KERAS_RULES } from './keras-rules.ts';

export interface ClassDanger {
  readonly rule: Rule;
  readonly why: string;
}

/** Modules of Keras and of packages of its makers. */
const KERAS =
  /^(?:keras|tf_keras|keras_core|keras_nlp|keras_hub|keras_cv|tensorflow\.keras|tensorflow\.python\.keras|tensorflow\.compat\.v[12]\.keras)(?:\.|$)/;
/** Functions of Keras that fetch, load, write or turn safety off, in whatever module they are exported. */
const GADGETS = new Set(
  `get_file enable_unsafe_deserialization load_model load_weights load_weights_only save_model save_weights save_weights_only export_model model_from_json
  model_from_yaml model_from_config clone_model deserialize_keras_object deserialize_model func_load func_dump extract_archive _extract_archive
  extract_open_archive image_dataset_from_directory text_dataset_from_directory audio_dataset_from_directory load_img save_img plot_model
  import_module getattr setattr exec eval load_data load_model_from_hdf5 save_model_to_hdf5 custom_object_scope get_custom_objects
  register_keras_serializable urlretrieve`.split(/\s+/),
);
/** Objects that Keras writes for values of Python: names of classes that are no layers. */
const VALUES = new Set(
  'function __lambda__ __tuple__ __tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ __typespec__ __keras_tensor__ __class__ type'.split(' '),
);
/** Longer ones are no modules: wrappers keep whole pickles under that key. */
const MAX_MODULE = 256;
const IDENTIFIER = /^[A-Za-z_]\w{0,200}$/;

/**
 * Rates what Keras would look up for an object. `name`: the class, or the function where the class is `function`. Null when it is an
 * ordinary part of Keras. A module that is null or missing imports nothing.
 */
export function rateClass(module: string, name: string): ClassDanger | null {
  const full = module === '' ? name : `${module}.${name}`;
  const last = name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('>')) + 1);
  if (GADGETS.has(last) && (module === '' || KERAS.test(module))) return { rule: KERAS_RULES.gadget, why: full };
  if (module === '' || module.length > MAX_MODULE) return null;
  if (KERAS.test(module)) return rateKeras(module, name, full);
  if (module === 'builtins' && (name === '' || VALUES.has(name))) return null;
  const rating = rateGlobal(module, name === '' ? '?' : name);
  if (rating.is === 'dangerous') return { rule: KERAS_RULES.dangerousModule, why: `${full}, which ${rating.why}` };
  if (module === 'builtins' && IDENTIFIER.test(name) && !PYTHON_BUILTINS.has(name)) return null;
  return { rule: KERAS_RULES.customModule, why: full };
}

/** Functions of Python that a configuration has no use for. */
const PYTHON_BUILTINS = new Set('print dir id iter next callable hasattr memoryview classmethod staticmethod super property'.split(' '));

/** A class of Keras, or a function of the kind that losses and activations are. Names inside of modules of Keras reach other modules. */
function rateKeras(module: string, name: string, full: string): ClassDanger | null {
  const parts = [...module.split('.'), ...name.split('.')];
  const foreign = parts.find((part) => FOREIGN.has(part));
  if (foreign !== undefined) return { rule: KERAS_RULES.dangerousModule, why: `${full}, which reaches the module ${foreign}` };
  if (VALUES.has(name) || /^[A-Z]\w{0,200}$/.test(name)) return null;
  return ORDINARY.test(module) ? null : { rule: KERAS_RULES.function, why: full };
}

/** Modules that hold functions which networks are made of. */
const ORDINARY = /\.(?:activations|losses|metrics|initializers|regularizers|constraints|ops|backend|applications)(?:\.|$)/;
/** What modules of Keras have imported. */
const FOREIGN = new Set(
  'os sys subprocess shutil builtins importlib pickle marshal inspect types tarfile zipfile urllib requests pathlib tempfile codecs socket ctypes'.split(' '),
);
