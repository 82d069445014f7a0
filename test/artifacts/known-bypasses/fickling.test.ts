import { bytes, call, code, global, int, orderedDict, pickle, stackGlobal, storage, SYSTEM, tensor, text, tuple } from '../pickle/assembler.ts';
import { EVIL, testBypasses, torchZip } from './bypass.ts';

const CALL = 'pickle-dangerous-call';
const SUSPICIOUS = { verdict: 'suspicious' } as const;
/** Nine levels of a hundred: what a reader would build that follows every reference. */
const LAUGHS = [
  code(']q\x00'),
  ...Array.from({ length: 9 }, (_, level) => code(`](${`h${String.fromCharCode(level)}`.repeat(100)}eq${String.fromCharCode(level + 1)}`)),
];
const weights = tensor(storage('FloatStorage', '0', 2), 0, [2], [1]);

testBypasses('fickling', [
  ['GHSA-mxhj-88fx-4pcv', 'OBJ whose result is dropped', pickle('(', stackGlobal('os', 'system'), text('x'), 'o0N'), CALL],
  ['GHSA-mxhj-88fx-4pcv', 'INST whose result is dropped', code("(S'x'\nios\nsystem\n0N."), CALL],
  ['GHSA-mxhj-88fx-4pcv', 'REDUCE whose result is dropped', pickle(SYSTEM, '0N'), CALL],
  ['GHSA-mxhj-88fx-4pcv', 'a result that POP_MARK drops', pickle('(', SYSTEM, '1N'), CALL],
  ['GHSA-mxhj-88fx-4pcv', 'a result below that of STOP', pickle(SYSTEM, 'N'), CALL],
  ['GHSA-mhc9-48gj-9gp3', 'REDUCE and BUILD, so that the result looks used', pickle(SYSTEM, '}b'), CALL],
  ['GHSA-mhc9-48gj-9gp3', 'the same dropped afterwards', pickle(SYSTEM, '}b0N'), CALL],
  ['GHSA-cffv-grgg-g429', 'an allowed pattern in front of the payload', pickle(orderedDict(), '0', SYSTEM), CALL],
  ['GHSA-cffv-grgg-g429', 'an allowed pattern behind it', pickle(SYSTEM, '0', orderedDict()), CALL],
  ['5hwf, block list', 'importlib', pickle(call('importlib', 'import_module', text('os'))), CALL],
  ['r48f, block list', 'a builder of code', pickle(call('types', 'FunctionType', call('marshal', 'loads', bytes(Buffer.from('c'))), '}')), CALL],
  ['5cxw, block list', 'runpy', pickle(call('runpy', 'run_path', text('x'))), CALL],
  ['m6fh, block list', 'cProfile', pickle(call('cProfile', 'run', text('x'))), CALL],
  ['pc6j, block list', 'ctypes', pickle(call('ctypes', 'CDLL', text('x'))), CALL],
  ['565g', 'code out of marshal', pickle(call('types', 'CodeType', int(0)), '0', call('marshal', 'loads', bytes(Buffer.from('c')))), CALL],
  ['standard library only', 'a payload of another package', pickle(call('numpy.testing._private.utils', 'runstring', text('x'), '}')), CALL],
  ['CVE-2026-24747', 'SETITEM on a tensor', pickle(weights, int(0), int(1), 's'), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'SETITEMS on a tensor', pickle(weights, '(', int(0), int(1), 'u'), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'SETITEM on a storage', pickle(storage('FloatStorage', '0', 2), int(0), int(1), 's'), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'APPEND on a result', pickle(weights, 'Na'), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'ADDITEMS on a list', pickle('](N', Buffer.from([0x90])), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'BUILD on a list', pickle(']}b'), 'pickle-call-on-object', SUSPICIOUS],
  ['CVE-2026-24747', 'BUILD on a tensor', pickle(weights, '}b'), 'pickle-unexpected-use', SUSPICIOUS],
  [
    'CVE-2026-24747',
    'a tensor that is larger than its storage',
    torchZip(pickle(tensor(storage('FloatStorage', '0', 2), 0, [9], [1]))),
    'pickle-tensor-outside-storage',
    { name: 'model.pt', ...SUSPICIOUS },
  ],
  [
    'CVE-2026-24747',
    'a storage that is larger than its member',
    torchZip(pickle(tensor(storage('FloatStorage', '0', 1 << 20), 0, [2], [1]))),
    'pickle-tensor-outside-storage',
    { name: 'model.pt', ...SUSPICIOUS },
  ],
  [
    'BUILD on a class',
    'a class of torch that is changed',
    pickle(stackGlobal('torch._utils', '_rebuild_tensor'), '}', text('__module__'), text('builtins'), 'sb'),
    'pickle-overwrites-code',
  ],
  ['BUILD on a module', 'sys.modules out of allowed names', pickle(stackGlobal('sys', 'modules'), text('torch'), 'Ns'), 'pickle-dangerous-global'],
  ['memo expansion', 'each list holds the one before it a hundred times', pickle(LAUGHS), 'pickle-limit', SUSPICIOUS],
  ['an integer of 60,000 digits', 'a number that takes long to read', code(`I${'9'.repeat(60_000)}\n.`), 'pickle-limit', SUSPICIOUS],
  ['polyglot', 'a pickle in a zip in a name of an old torch file', torchZip(EVIL), CALL, { name: 'model.tar' }],
  ['OrderedDict', 'an allowed class that is given a call', pickle(global('collections', 'OrderedDict'), tuple(SYSTEM), 'R'), CALL],
  ['a codec', 'encode with a codec that is not for bytes', pickle(call('_codecs', 'encode', text('x'), text('rot13'))), 'pickle-unexpected-use', SUSPICIOUS],
]);
