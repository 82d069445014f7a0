import {
  anyOf,
  isBool,
  isBytes,
  isCallOf,
  isCount,
  isCountTuple,
  isDict,
  isGlobalOf,
  isHarmless,
  isInt,
  isIntTuple,
  isList,
  isNone,
  isNumber,
  isText,
  isTuple,
  tupleOf,
} from './value-shapes.ts';
import type { AllowedUse, Shape, Value } from './values.ts';

const args =
  (...shapes: readonly Shape[]) =>
  (given: readonly Value[]): boolean =>
    given.length === shapes.length && shapes.every((shape, index) => shape(given[index]));
const either =
  (...tests: readonly ((given: readonly Value[]) => boolean)[]) =>
  (given: readonly Value[]): boolean =>
    tests.some((test) => test(given));
const harmless = (given: readonly Value[]): boolean => given.every(isHarmless);

const isState: Shape = (value) => (isDict(value) && isHarmless(value)) || isNone(value);
const isItems: Shape = (value) => (isList(value) || isTuple(value) || isDict(value)) && isHarmless(value);
const isOrderedDict: Shape = (value) => isCallOf(value, 'collections.OrderedDict');
const isHooks = anyOf(isOrderedDict, isNone, isDict);
const isStorage: Shape = (value) =>
  (value?.kind === 'persistent' && value.storage !== null) || isCallOf(value, 'torch.storage._load_from_bytes', ...TYPED_STORAGES);
const TYPED_STORAGES = ['torch.storage.TypedStorage', 'torch.storage._TypedStorage'];
const REBUILT = [
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_meta_tensor_no_storage',
  'torch._utils._rebuild_qtensor',
];
const isTensor: Shape = (value) => isCallOf(value, ...REBUILT);
const isTorchData: Shape = (value) => value?.kind === 'global' && value.module === 'torch' && value.rating.is === 'allowed' && value.rating.use.data === true;
const isFlag = anyOf(isBool, isInt);

const DTYPE_STATE = (value: Value | undefined): boolean => isTuple(value) && value.count >= 4 && value.count <= 9 && isHarmless(value);
const isDtype: Shape = (value) => isCallOf(value, 'numpy.dtype');
const NDARRAYS = ['numpy.ndarray', 'numpy.matrix', 'numpy.recarray'];
const isEmptyBytes = anyOf(isBytes, isText);
const ARRAY: AllowedUse = {
  call: args((value) => isGlobalOf(value, ...NDARRAYS, 'numpy.matrixlib.defmatrix.matrix'), tupleOf(isCount), isEmptyBytes),
  build: (value) =>
    isTuple(value) &&
    value.count === 5 &&
    isInt(value.items[0]) &&
    isIntTuple(value.items[1]) &&
    isDtype(value.items[2]) &&
    isFlag(value.items[3]) &&
    (isBytes(value.items[4]) || isText(value.items[4]) || (isList(value.items[4]) && isHarmless(value.items[4]))),
};
const MASKED: AllowedUse = {
  call: args(
    (value) => isGlobalOf(value, 'numpy.ma.MaskedArray', 'numpy.ma.core.MaskedArray'),
    (value) => isGlobalOf(value, ...NDARRAYS),
    tupleOf(isCount),
    isEmptyBytes,
  ),
  build: (value) => isTuple(value) && value.count === 7 && isHarmless(value),
};
const SCALAR: AllowedUse = { call: args(isDtype, anyOf(isBytes, isText)) };
const FROM_BUFFER: AllowedUse = { call: args(isBytes, isDtype, isCountTuple, isText) };
const DATA: AllowedUse = { data: true };
const COPY: AllowedUse = { call: either(args(), args(isItems), args(isHarmless)), data: true };
const PLAIN: AllowedUse = { call: harmless, data: true };

const FACTORIES = ['list', 'dict', 'set', 'int', 'float', 'str', 'tuple', 'bool', 'bytes', 'long', 'unicode'].flatMap((name) => [
  `builtins.${name}`,
  `__builtin__.${name}`,
]);

const STORAGE_ITEMS: readonly (readonly [type: string, bytes: number])[] = [
  ['Float', 4],
  ['Half', 2],
  ['BFloat16', 2],
  ['Double', 8],
  ['Long', 8],
  ['Int', 4],
  ['Short', 2],
  ['Char', 1],
  ['Byte', 1],
  ['Bool', 1],
  ['QInt8', 1],
  ['QUInt8', 1],
  ['QInt32', 4],
  ['QUInt4x2', 1],
  ['QUInt2x4', 1],
  ['ComplexFloat', 8],
  ['ComplexDouble', 16],
];

/** Full name of a storage class of torch -> bytes of one element. */
export const STORAGE_ITEM_BYTES: ReadonlyMap<string, number> = new Map([
  ...STORAGE_ITEMS.flatMap(([type, bytes]): [string, number][] => [
    [`torch.${type}Storage`, bytes],
    [`torch.cuda.${type}Storage`, bytes],
  ]),
  ['torch.storage.UntypedStorage', 1],
  ['torch.UntypedStorage', 1],
  ['torch.storage._UntypedStorage', 1],
]);

const DTYPES =
  `float32 float float64 double float16 half bfloat16 complex32 complex64 complex128 cfloat cdouble uint8 uint16 uint32 uint64 int8 int16 int32 int64 short int long
  bool quint8 qint8 qint32 quint4x2 quint2x4 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 bits8 bits16
  per_tensor_affine per_channel_affine per_tensor_symmetric per_channel_symmetric per_channel_affine_float_qparams
  strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc contiguous_format channels_last channels_last_3d preserve_format`.split(/\s+/);

const NUMPY_ARRAYS = ['numpy.core.multiarray', 'numpy._core.multiarray'];

/** Full names, no wildcards (reference: picklescan's safe list, PyTorch's `weights_only` list, our own reading of both). */
export const ALLOWED_GLOBALS: ReadonlyMap<string, AllowedUse> = new Map<string, AllowedUse>([
  ['collections.OrderedDict', { call: either(args(), args(isItems)), build: isState, filledAs: 'dict' }],
  [
    'collections.defaultdict',
    {
      call: either(
        args(),
        args((value) => isNone(value) || isGlobalOf(value, ...FACTORIES)),
      ),
      build: isState,
      filledAs: 'dict',
    },
  ],
  ['collections.Counter', { call: either(args(), args(isItems)), build: isState, filledAs: 'dict' }],
  ['collections.deque', { call: either(args(), args(isItems), args(isItems, anyOf(isCount, isNone))), filledAs: 'list' }],
  ...[...STORAGE_ITEM_BYTES.keys()].map((name): [string, AllowedUse] => [name, DATA]),
  ...DTYPES.map((name): [string, AllowedUse] => [`torch.${name}`, DATA]),
  [
    'torch._utils._rebuild_tensor_v2',
    {
      call: either(
        args(isStorage, isCount, isCountTuple, isCountTuple, isFlag, isHooks),
        args(isStorage, isCount, isCountTuple, isCountTuple, isFlag, isHooks, anyOf(isState, isOrderedDict)),
      ),
    },
  ],
  [
    'torch._utils._rebuild_tensor_v3',
    {
      call: either(
        args(isStorage, isCount, isCountTuple, isCountTuple, isFlag, isHooks, isTorchData),
        args(isStorage, isCount, isCountTuple, isCountTuple, isFlag, isHooks, isTorchData, isState),
      ),
    },
  ],
  ['torch._utils._rebuild_tensor', { call: args(isStorage, isCount, isCountTuple, isCountTuple) }],
  ['torch._utils._rebuild_parameter', { call: args(isTensor, isFlag, isHooks) }],
  ['torch._utils._rebuild_parameter_with_state', { call: args(isTensor, isFlag, isHooks, isHarmless) }],
  ['torch._utils._rebuild_meta_tensor_no_storage', { call: args(isTorchData, isCountTuple, isCountTuple, isFlag) }],
  ['torch._utils._rebuild_qtensor', { call: (given) => isStorage(given[0]) && given.length === 7 && isCount(given[1]) && harmless(given.slice(1)) }],
  ['torch._utils._rebuild_sparse_tensor', { call: args((value) => isTorchData(value) || isCallOf(value, 'torch.serialization._get_layout'), isHarmless) }],
  ['torch._utils._rebuild_sparse_csr_tensor', { call: args((value) => isTorchData(value) || isCallOf(value, 'torch.serialization._get_layout'), isHarmless) }],
  ['torch.serialization._get_layout', { call: args(isText) }],
  ['torch.Size', { call: args((value) => isIntTuple(value) || (isList(value) && value.items.every(isInt))) }],
  ['torch.device', { call: either(args(isText), args(isText, isInt)) }],
  ['torch.storage.TypedStorage', { call: harmless }],
  ['torch.storage._load_from_bytes', { call: args(isBytes) }],
  ['numpy.dtype', { call: either(args(isText, isFlag, isFlag), args(isText)), build: DTYPE_STATE }],
  ...[...NDARRAYS, 'numpy.matrixlib.defmatrix.matrix', 'numpy.ma.MaskedArray', 'numpy.ma.core.MaskedArray'].map((name): [string, AllowedUse] => [
    name,
    { data: true },
  ]),
  ...NUMPY_ARRAYS.flatMap((module): [string, AllowedUse][] => [
    [`${module}._reconstruct`, ARRAY],
    [`${module}.scalar`, SCALAR],
  ]),
  ['numpy.ma.core._mareconstruct', MASKED],
  ['numpy.core.numeric._frombuffer', FROM_BUFFER],
  ['numpy._core.numeric._frombuffer', FROM_BUFFER],
  ...['bool_', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'complex64', 'complex128'].map(
    (name): [string, AllowedUse] => [`numpy.${name}`, DATA],
  ),
  ['joblib.numpy_pickle.NumpyArrayWrapper', { call: args(), build: (value) => isDict(value) && isHarmless(value) }],
  ['_codecs.encode', { call: args(isText, (value) => value?.kind === 'text' && ['latin1', 'latin-1'].includes(value.text ?? '')) }],
  [
    'builtins.bytearray',
    {
      call: either(
        args(),
        args(isBytes),
        args(isText, (value) => value?.kind === 'text' && value.text === 'latin-1'),
      ),
    },
  ],
  ...['set', 'frozenset', 'list', 'tuple', 'dict'].map((name): [string, AllowedUse] => [`builtins.${name}`, COPY]),
  ...['bool', 'int', 'float', 'str', 'bytes'].map((name): [string, AllowedUse] => [
    `builtins.${name}`,
    { call: either(args(), args(isNumber), args(isText)), data: true },
  ]),
  ['builtins.complex', { call: args(isNumber, isNumber) }],
  ['builtins.slice', { call: harmless }],
  ['builtins.range', { call: (given) => given.every(isInt) }],
  ['builtins.object', DATA],
  [
    'copyreg._reconstructor',
    {
      call: (given) => given.length === 3 && given[0]?.kind === 'global' && isGlobalOf(given[1], 'builtins.object', '__builtin__.object') && isNone(given[2]),
      build: isState,
    },
  ],
  ...['datetime', 'date', 'time', 'timedelta', 'timezone'].map((name): [string, AllowedUse] => [`datetime.${name}`, PLAIN]),
  ['decimal.Decimal', { call: args(anyOf(isText, isNumber)) }],
  ['fractions.Fraction', { call: either(args(isText), args(isInt, isInt)) }],
  ['argparse.Namespace', { call: args(), build: isState }],
]);

/** Names of TorchScript's own reader, which is no Python: classes of the archive's code and helpers for typed lists. */
export function isTorchScriptName(module: string, name: string): boolean {
  return module === '__torch__' || module.startsWith('__torch__.') || (module === 'torch.jit._pickle' && /^(build_\w+list|restore_type_tag)$/.test(name));
}
