import { expect, test } from 'vitest';
import { scanBytes } from '../memory-unit.ts';
import { call, code, global, pickle, stackGlobal, text, tuple } from './assembler.ts';

/** Callables of published advisories: the id (GHSA without its prefix, or CVE), module and name. */
const ADVISORIES: readonly (readonly [advisory: string, module: string, name: string])[] = [
  ['CVE-2025-1716', 'pip', 'main'],
  ['CVE-2025-10157', 'asyncio.unix_events', '_UnixSubprocessTransport._start'],
  ['q77w-mwjj-7mqx', 'asyncio.unix_events', '_UnixSubprocessTransport._start'],
  ['jgw4-cr84-mqxg', 'asyncio.unix_events', '_UnixSubprocessTransport'],
  ['f7qq', 'asyncio', 'create_subprocess_shell'],
  ['vqmv-47xg-9wpr', 'pty', 'spawn'],
  ['r7v6-mfhq-g3m2', 'posix', 'system'],
  ['q5qq', 'multiprocessing.util', 'spawnv_passfds'],
  ['q5qq', 'importlib', 'import_module'],
  ['m273-6v24-x4m4', 'distutils.file_util', 'write_file'],
  ['g38g-8gr9-h9xp', 'test.support.script_helper', 'assert_python_ok'],
  ['g38g-8gr9-h9xp', '_osx_support', '_read_output'],
  ['g38g-8gr9-h9xp', '_aix_support', '_read_cmd_output'],
  ['g38g-8gr9-h9xp', '_pyrepl.pager', 'pipe_pager'],
  ['g38g-8gr9-h9xp', 'uuid', '_get_command_stdout'],
  ['g38g-8gr9-h9xp', 'imaplib', 'IMAP4_stream'],
  ['xp4f-hrf8-rxw7', 'ensurepip', '_run_pip'],
  ['h4rm', 'builtins', 'exec'],
  ['97f8-7cmv-76j2', '__builtin__', 'eval'],
  ['cj3c-v495-4xqh', 'code', 'InteractiveInterpreter.runcode'],
  ['wfq2', 'runpy', '_run_code'],
  ['5qwp-399c-mjwf', 'bdb', 'Bdb.run'],
  ['g344-hcph-8vgg', 'trace', 'Trace.runctx'],
  ['x696-vm39-cp64', 'cProfile', 'runctx'],
  ['6vqj-c2q5-j97w', 'cProfile', 'run'],
  ['7wx9-6375-f5wh', 'profile', 'run'],
  ['9w88-8rmg-7g2p', 'profile', 'Profile.runctx'],
  ['49gj-c84q-6qm9', 'pdb', 'run'],
  ['p523', 'timeit', 'timeit'],
  ['fqq6-7vqf-w3fg', 'doctest', 'debug_script'],
  ['3vg9-h568-4w9m', 'idlelib.run', 'Executive.runcode'],
  ['6w4w-5w54-rjvr', 'idlelib.autocomplete', 'AutoComplete.get_entity'],
  ['7cq8-mj8x-j263', 'idlelib.autocomplete', 'AutoComplete.fetch_completions'],
  ['8r4j-24qv-fmq9', 'idlelib.calltip', 'Calltip.fetch_tip'],
  ['9xph-j2h6-g47v', 'idlelib.calltip', 'get_entity'],
  ['m869-42cg-3xwr', 'idlelib.debugobj', 'ObjectTreeItem.SetText'],
  ['j343-8v2j-ff7w', 'idlelib.pyshell', 'ModifiedInterpreter.runcommand'],
  ['3gf5-cxq9-w223', 'idlelib.pyshell', 'ModifiedInterpreter.runcode'],
  ['f54q-57x4-jg88', 'lib2to3.pgen2.grammar', 'Grammar.loads'],
  ['p9w7-82w4-7q8m', 'lib2to3.pgen2.pgen', 'ParserGenerator.make_label'],
  ['84r2-jw7c-4r5q', 'pydoc', 'locate'],
  ['84r2-jw7c-4r5q', 'pydoc', 'pipepager'],
  ['565g', 'types', 'CodeType'],
  ['565g', 'types', 'FunctionType'],
  ['565g', 'marshal', 'loads'],
  ['9m3x', 'cloudpickle.cloudpickle', '_make_function'],
  ['9m3x', 'dill._dill', '_create_function'],
  ['r8g5-cgf2-4m4m', 'numpy.f2py.crackfortran', 'getlincoef'],
  ['numpy', 'numpy.testing._private.utils', 'runstring'],
  ['6ggj', '_xxsubinterpreters', 'run_string'],
  ['6ggj', '_interpreters', 'create'],
  ['mock', 'unittest.mock', '_importer'],
  ['vvpj-8cmc-gx39', 'pkgutil', 'resolve_name'],
  ['955r-x9j8-7rhh', '_operator', 'methodcaller'],
  ['46h3-79wf-xr6c', '_operator', 'attrgetter'],
  ['partial', 'functools', 'partial'],
  ['map', 'itertools', 'imap'],
  ['4675-36f9-wf6r', 'ctypes', 'CDLL'],
  ['5hvc = CVE-2026-22608', 'ctypes.util', '_findLib_gcc'],
  ['9726', 'urllib.request', 'urlopen'],
  ['m7j5 = CVE-2026-56304', 'logging', 'FileHandler'],
  ['io', '_io', 'FileIO'],
  ['joblib', 'joblib', 'load'],
  ['pandas', 'pandas', 'read_pickle'],
  ['torch.load', 'torch.serialization', 'load'],
  ['transformers', 'transformers', 'AutoModel.from_pretrained'],
  ['hub', 'huggingface_hub', 'hf_hub_download'],
  ['4r9r-ch6f-vxmx', 'torch.utils.bottleneck.__main__', 'run_cprofile'],
  ['86cj-95qr-2p4f', 'torch._dynamo.guards', 'GuardBuilder.get'],
  ['f4x7-rfwp-v3xw', 'torch.utils.bottleneck.__main__', 'run_autograd_prof'],
  ['f745-w6jp-hpxx', 'torch.utils.data.datapipes.utils.decoder', 'basichandlers'],
  ['jhph-76pp-mggw', 'torch.utils.collect_env', 'run'],
  ['h3qp-7fh3-f8h4', 'torch.utils._config_module', 'ConfigModule.load_config'],
  ['vr7h-p6mm-wpmh', 'torch.jit.unsupported_tensor_ops', 'execWrapper'],
  ['vv6j-3g6g-2pvj', 'torch.fx.experimental.symbolic_shapes', 'ShapeEnv.evaluate_guards_expression'],
  ['4whj-rm5r-c2v8', 'torch._inductor.codecache', 'compile_file'],
  ['CVE-2024-5480', 'torch.distributed.rpc.internal', 'PythonUDF'],
  ['CVE-2024-48063', 'torch.distributed.nn.api.remote_module', '_RemoteModule'],
  ['cpp_extension', 'torch.utils.cpp_extension', 'load'],
  ['python 2', 'commands', 'getoutput'],
  ['python 2', 'httplib', 'HTTPSConnection'],
  ['python 2', '__builtin__', 'execfile'],
  ['python 2', 'urllib', 'urlretrieve'],
  ['python 2', 'cPickle', 'loads'],
  ['remote shell', 'fabric', 'Connection'],
  ['remote shell', 'sh', 'bash'],
  ['download', 'spacy.cli', 'download'],
  ['pickle of arrow', 'pyarrow', 'deserialize'],
  ['registry', 'copy_reg', 'add_extension'],
];

test.each(ADVISORIES)('the callable of %s is dangerous: %s %s', async (_advisory, module, name) => {
  const called = await scanBytes(pickle(call(module, name, text('x'))));
  expect(called.verdict).toBe('malicious');
  expect(called.ids).toEqual(['pickle-dangerous-global', 'pickle-dangerous-call']);
  // Importing it is enough, and so is any other way to call it.
  expect((await scanBytes(code(global(module, name), '.'))).verdict).toBe('malicious');
  expect((await scanBytes(code('(', text('x'), `i${module}\n${name}\n.`))).verdict).toBe('malicious');
  expect((await scanBytes(pickle('(', stackGlobal(module, name), text('x'), 'o'))).verdict).toBe('malicious');
  expect((await scanBytes(pickle(stackGlobal(module, name), ')', Buffer.from([0x81])))).verdict).toBe('malicious');
  expect((await scanBytes(pickle(stackGlobal(module, name), ')}', Buffer.from([0x92])))).verdict).toBe('malicious');
});

test.each([
  ['atexit', 'register'],
  ['gc', 'get_objects'],
  ['types', 'SimpleNamespace'],
  ['sklearn.linear_model._logistic', 'LogisticRegression'],
  ['__main__', 'Model'],
  ['torch.nn.modules.linear', 'Linear'],
])('an import of %s %s is suspicious, no proof', async (module, name) => {
  expect((await scanBytes(pickle(call(module, name)))).verdict).toBe('suspicious');
});

test('a chain of harmless looking resolvers is dangerous at its first link', async () => {
  const partial = call('functools', 'partial', stackGlobal('builtins', 'print'), text('x'));
  const scan = await scanBytes(pickle(code(partial, ')R')));
  expect(scan.findings.map(({ id }) => id)).toEqual(['pickle-dangerous-global', 'pickle-risky-global', 'pickle-dangerous-call', 'pickle-dangerous-call']);
});

test('findings say what is called with what, and where', async () => {
  const { findings } = await scanBytes(pickle(call('os', 'system', text('echo "test"'))));
  expect(findings.at(-1)).toMatchObject({ id: 'pickle-dangerous-call', offset: 30, detail: 'os.system("echo \\"test\\"")', path: ['model.pkl'] });
  expect((await scanBytes(pickle(call('a\x1b[31m', 'b\u202e', tuple())))).findings[0]?.detail).toBe('a\\u001b[31m.b\\u202e');
});
