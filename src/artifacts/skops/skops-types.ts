import { rateGlobal } from '../pickle/rate-global.ts';

/** Kinds of nodes that skops writes, by what their `__module__` and `__class__` mean. */
const LOADERS = new Set(
  `DictNode ListNode SetNode FrozenSetNode TupleNode FunctionNode PartialNode TypeNode SliceNode ObjectNode MethodNode JsonNode BytesNode BytearrayNode
  OperatorFuncNode NdArrayNode MaskedArrayNode RandomStateNode RandomGeneratorNode DTypeNode SparseMatrixNode TreeNode SGDNode ReduceNode DefaultDictNode
  OrderedDictNode CachedNode QuantileForestNode CyLossNode LossNode UnpicklerNode DatetimeNode LGBMNode XGBNode CatBoostNode ChainMapNode`.split(/\s+/),
);
const PLAIN = new Set(
  `builtins.dict builtins.list builtins.set builtins.frozenset builtins.tuple builtins.str builtins.bytes builtins.bytearray builtins.int builtins.float builtins.complex
  builtins.bool builtins.NoneType builtins.slice builtins.type builtins.object builtins.range builtins.function collections.OrderedDict collections.defaultdict
  datetime.datetime datetime.date datetime.timedelta types.NoneType operator.itemgetter`.split(/\s+/),
);
const LIBRARIES = /^(?:numpy|scipy|sklearn|quantile_forest|lightgbm|xgboost|catboost|pandas|imblearn)(?:\.|$)/;

export type TypeRating = 'trusted' | 'unknown' | 'dangerous';

export const isLoader = (name: string): boolean => LOADERS.has(name);

/** Rates the type of a node. Types of the libraries are what the files are made for. */
export function rateType(module: string, name: string): { readonly is: TypeRating; readonly why: string } {
  if (PLAIN.has(`${module}.${name}`)) return { is: 'trusted', why: '' };
  const rating = rateGlobal(module, name);
  if (rating.is === 'dangerous') return { is: 'dangerous', why: rating.why };
  if (rating.is === 'allowed' || (LIBRARIES.test(module) && /^\w+$/.test(name))) return { is: 'trusted', why: '' };
  return { is: 'unknown', why: 'why' in rating ? rating.why : 'nothing is known about it' };
}
