/**
 * What callables of Python, of its standard library and of machine learning libraries can do. A row is a dotted name that stands for
 * itself and for everything below it, so that `asyncio` covers `asyncio.unix_events` (CVE-2025-10157). Anything that is in no row and
 * not allowed is suspicious all the same: the rows only say which imports are proof of bad intent. Names are facts of the published
 * advisories (GHSA, CVE) of picklescan, fickling and PyTorch, and our own rating of the standard library.
 */
interface Family {
  readonly can: string;
  readonly danger: 'dangerous' | 'risky';
  readonly names: string;
}

const FAMILIES: readonly Family[] = [
  {
    can: 'starts processes or acts on the operating system',
    danger: 'dangerous',
    names: `os posix nt subprocess _posixsubprocess _winapi pty commands popen2 pipes platform.popen platform._syscmd_ver platform._syscmd_file
      multiprocessing.util.spawnv_passfds multiprocessing.popen_fork multiprocessing.popen_spawn_posix multiprocessing.popen_forkserver
      multiprocessing.popen_spawn_win32 multiprocessing.forkserver multiprocessing.spawn multiprocessing.context multiprocessing.Process
      multiprocessing.Pool multiprocessing.pool multiprocessing.managers multiprocessing.reduction asyncio distutils.spawn distutils.file_util
      distutils.dir_util distutils.core distutils.ccompiler distutils.unixccompiler distutils.util distutils.command setuptools _distutils_hack
      _osx_support _aix_support _pyrepl uuid._get_command_stdout uuid._popen uuid._ipconfig_getnode uuid._netbios_getnode uuid._netstat_getnode
      uuid._ifconfig_getnode uuid._arp_getnode uuid._find_mac_near_keyword uuid._find_mac_under_heading imaplib.IMAP4_stream test.support
      test.test_support test.libregrtest test.regrtest test.script_helper webbrowser venv ensurepip pip antigravity idlelib turtledemo pexpect
      ptyprocess paramiko psutil.Popen plumbum ctypes.util ctypes.macholib sysconfig._main ssl.enum_certificates mailcap nturl2path.os ntpath.os
      posixpath.os genericpath.os pydoc.pipepager pydoc.tempfilepager pydoc.getpager pydoc.plainpager pydoc.browse getpass._raw_input cgitb cgi.test
      cgi.sys concurrent.futures.ProcessPoolExecutor concurrent.futures.process numpy.distutils numpy.testing numpy.f2py numpy.core.tests
      scipy.misc.exec_command sh invoke fabric asyncssh docker ansible ansible_runner billiard`,
  },
  {
    can: 'evaluates code',
    danger: 'dangerous',
    names: `builtins.exec builtins.eval builtins.compile builtins.execfile builtins.apply builtins.input builtins.breakpoint builtins.getattr builtins.setattr
      builtins.delattr builtins.globals builtins.locals builtins.vars builtins.__import__ builtins.__build_class__ builtins.reload builtins.__dict__
      builtins.__loader__ builtins.help code.interact code.InteractiveInterpreter code.InteractiveConsole code.compile_command runpy timeit bdb pdb
      trace profile cProfile _lsprof doctest lib2to3 pydoc.locate pydoc.importfile pydoc.safeimport pydoc.resolve pydoc.cli pydoc.apropos pydoc.Helper
      types.CodeType types.FunctionType types.LambdaType types.MethodType types.coroutine types.DynamicClassAttribute types.new_class
      types.prepare_class marshal new.code new.function new.classobj new.instancemethod cloudpickle dill _interpreters _xxsubinterpreters
      _xxinterpchannels _interpqueues _interpchannels concurrent.interpreters interpreters _testcapi _testinternalcapi unittest.mock unittest.main
      unittest.loader unittest.TestLoader unittest.case dataclasses._create_fn dataclasses.make_dataclass typing.get_type_hints typing.ForwardRef
      typing._eval_type inspect.get_annotations annotationlib rlcompleter tabnanny smtpd xml.sax.make_parser hotshot rexec ihooks Bastion
      threading.Thread threading.Timer threading._run concurrent.futures.ThreadPoolExecutor _thread warnings._getaction IPython jupyter_client ipykernel
      nbconvert jinja2 mako yaml.load yaml.unsafe_load yaml.full_load yaml.constructor numexpr pandas.eval pandas.core.computation pandas.DataFrame.eval
      pandas.DataFrame.query sympy.sympify sympy.parsing sympy.utilities.lambdify sympy.lambdify torch.fx.graph_module torch.fx._symbolic_trace
      torch.fx.experimental torch.fx.interpreter numba.core.serialize torch._dynamo torch._inductor torch._guards torch.utils._config_module
      torch.utils.bottleneck torch.utils.collect_env torch.utils.data.datapipes.utils torch.utils.data.datapipes.iter.utils torch.utils.benchmark
      torch.utils._sympy torch.jit.unsupported_tensor_ops torch.jit.frontend torch.jit.annotations torch.jit._script torch.distributed.rpc
      torch.distributed.nn torch.distributed.launch torch.distributed.run torch.distributed.elastic torch.distributed.launcher
      torch.distributed.distributed_c10d torch.multiprocessing torch.testing torch._C._jit torch.package torch.onnx.verification torch._sources
      torch._utils_internal torch.cuda._utils.subprocess torch.backends._nnapi tensorflow.python.framework.load_library tensorflow.py_function
      tensorflow.numpy_function tensorflow.py_func tensorflow.python.ops.script_ops keras.layers.Lambda keras.src.layers.core.lambda_layer
      keras.utils.python_utils tensorflow.keras.layers.Lambda keras.src.utils.python_utils tf_keras.utils.generic_utils keras.src.saving keras.saving`,
  },
  {
    can: 'reaches any other function by its name or calls what it is given',
    danger: 'dangerous',
    names: `pkgutil operator.methodcaller operator.attrgetter operator.itemgetter _operator.methodcaller _operator.attrgetter _operator.itemgetter
      operator.call _operator.call functools.partial functools.partialmethod functools.reduce functools.singledispatch functools.cached_property
      functools.wraps functools.update_wrapper _functools.partial _functools.reduce builtins.map builtins.filter itertools.starmap itertools.accumulate
      itertools.groupby itertools.takewhile itertools.dropwhile itertools.filterfalse importlib importlib_metadata _frozen_importlib
      _frozen_importlib_external _imp imp zipimport modulefinder sys copyreg.add_extension copyreg._extension_registry copyreg._inverted_registry
      copyreg._extension_cache copyreg.dispatch_table copyreg.pickle copyreg.constructor logging.config unittest.mock._importer
      django.utils.module_loading werkzeug.utils pydantic.utils hydra.utils hydra._internal omegaconf.resolvers sklearn.utils._testing weakref.finalize
      torch._tensor._rebuild_from_type torch._sources.parse_def torch.utils._import_utils torch._utils._import_dotted_name torch._classes torch.hub
      object.__getattribute__ transformers.dynamic_module_utils transformers.utils.import_utils accelerate.commands`,
  },
  {
    can: 'loads native code',
    danger: 'dangerous',
    names: `ctypes _ctypes cffi _cffi_backend torch.ops.load_library torch._ops.load_library torch.utils.cpp_extension torch.classes.load_library
      torch.utils.hipify torch.utils._cpp_extension_versioner numpy.ctypeslib numpy.core._internal._ctypes msilib winreg _winreg msvcrt
      tensorflow.load_op_library tensorflow.load_library tensorflow.python.framework.load_library llvmlite cython pyximport tkinter _tkinter turtle`,
  },
  {
    can: 'reads, writes or removes files',
    danger: 'dangerous',
    names: `builtins.open builtins.file io.open io.open_code io.FileIO _io.open _io.open_code _io.FileIO _pyio codecs.open shutil sqlite3 _sqlite3 dbm shelve
      compileall py_compile site tempfile.mktemp tempfile.NamedTemporaryFile tempfile.mkstemp tempfile.mkdtemp tempfile.TemporaryDirectory
      tempfile.TemporaryFile fileinput linecache filecmp pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.unlink pathlib.Path.read_text
      pathlib.Path.open tarfile zipfile zipapp gzip.open gzip.GzipFile bz2.open bz2.BZ2File lzma.open lzma.LZMAFile logging.FileHandler logging.handlers
      logging.basicConfig distutils.archive_util mailbox netrc plistlib.load trace.CoverageResults tokenize.open pstats turtledemo.__main__ wave.open
      aifc sunau sndhdr imghdr curses.setupterm numpy.save numpy.savetxt numpy.savez numpy.fromfile numpy.memmap numpy.loadtxt numpy.genfromtxt
      numpy.core.records.fromfile numpy.lib.npyio numpy.lib._npyio_impl numpy.lib._datasource numpy.DataSource numpy.ndarray.tofile numpy.ndarray.dump
      pandas.read_csv pandas.read_table pandas.read_sql pandas.read_hdf pandas.io pandas.DataFrame.to_csv pandas.DataFrame.to_pickle tensorflow.io
      tensorflow.python.ops.gen_io_ops tensorflow.python.ops.io_ops tensorflow.python.lib.io tensorflow.python.platform.gfile tensorflow.raw_ops
      tensorflow.gfile torch.save torch.serialization.save torch.from_file torch.jit.save torch.onnx.export torch._C.PyTorchFileWriter
      torch._C.PyTorchFileReader torch.storage.UntypedStorage.from_file bsddb dumbdbm anydbm gdbm dl scipy.io h5py.File cv2.FileStorage readline`,
  },
  {
    can: 'opens network connections',
    danger: 'dangerous',
    names: `socket _socket ssl _ssl socketserver asyncore asynchat urllib.request urllib.urlopen urllib2 urllib3 http.client http.server httplib httplib2
      httpx requests aiohttp ftplib telnetlib smtplib poplib imaplib nntplib xmlrpc xmlrpclib wsgiref websocket websockets pycurl twisted tornado boto3
      botocore s3fs fsspec gcsfs smart_open wget gdown huggingface_hub datasets.load_dataset datasets.load pip._vendor tensorflow.keras.utils.get_file
      keras.utils.get_file keras.src.utils.file_utils tensorflow.data.experimental.service zmq grpc redis pymongo mysql psycopg2 urllib.robotparser dns nltk.download nltk.downloader spacy.cli`,
  },
  {
    can: 'loads another pickle or another model, with whatever that one runs',
    danger: 'dangerous',
    names: `pickle _pickle cPickle pickle5 joblib.load joblib.memory joblib.externals joblib.numpy_pickle.load joblib.numpy_pickle_compat joblib.parallel
      joblib._store_backends jsonpickle hickle klepto shelve.open numpy.load numpy.lib.format numpy.core.multiarray._load pandas.read_pickle
      pandas.io.pickle pandas.compat.pickle_compat torch.load torch.jit.load torch.serialization.load torch.serialization._load
      torch.serialization._legacy_load torch.jit._serialization torch.hub.load torch.export.load torch._export.serde torch._weights_only_unpickler
      torch.distributed._shard torch.distributed.checkpoint skops.io sklearn.externals.joblib tensorflow.saved_model tensorflow.keras.models.load_model
      tensorflow.python.saved_model tensorflow.python.keras.saving keras.models.load_model transformers.AutoModel transformers.pipeline
      transformers.pipelines catboost.CatBoost.load_model xgboost.Booster lightgbm.Booster spacy.load gensim.utils.unpickle srsly.pickle_loads
      multiprocessing.connection multiprocessing.shared_memory multiprocessing.queues plac_core zodbpickle ZODB statsmodels.iolib.smpickle
      nltk.data.load allennlp fairseq.checkpoint_utils pyarrow.deserialize pyarrow.serialization onnxruntime.InferenceSession`,
  },
  {
    can: 'changes the state of the interpreter',
    danger: 'risky',
    names: `gc atexit signal mmap fcntl resource select selectors sched collections.namedtuple numpy.vectorize numpy.frompyfunc numpy.fromfunction
      numpy.apply_along_axis test codeop faulthandler tracemalloc warnings weakref inspect dis traceback types copyreg threading multiprocessing
      builtins typing contextlib contextvars abc _abc ast symtable tokenize token opcode sysconfig platform linecache logging pathlib tempfile glob io
      _io functools _functools operator _operator itertools unittest concurrent queue pydoc cmd readline rlcompleter uuid gettext locale getpass getopt
      argparse optparse urllib http xml html email mimetypes json plistlib configparser codecs _codecs encodings zlib gzip bz2 lzma binascii base64
      hashlib hmac secrets random time datetime calendar string struct array heapq bisect distutils tkinter curses shlex cgi crypt spwd grp pwd termios
      tty syslog`,
  },
];

export interface Danger {
  readonly danger: Family['danger'];
  readonly can: string;
}

/** Dotted name -> what it can do. */
export const DANGERS: ReadonlyMap<string, Danger> = FAMILIES.reduce((table, { can, danger, names }) => {
  for (const name of names.split(/\s+/)) {
    if (table.get(name)?.danger !== 'dangerous') table.set(name, { danger, can });
  }
  return table;
}, new Map<string, Danger>());

/** Last parts of names that say what a callable does in whatever module it stands. */
export const DANGEROUS_NAMES: ReadonlySet<string> = new Set(
  `system popen popen2 popen3 popen4 exec eval execfile execv execve execvp execvpe spawn spawnl spawnv spawnve spawnvp Popen check_output check_call getoutput getstatusoutput run_command exec_command
  runstring runcode runsource runctx run_path run_module run_code run_cmd run_shell shell_exec exec_module import_module __import__ _importer import_string import_object resolve_name load_source load_module load_dynamic load_compiled SourceFileLoader
  urlopen urlretrieve from_pretrained hf_hub_download snapshot_download read_pickle load_pickle loads load unpickle unpickle_file load_model load_from_bytes CDLL PyDLL WinDLL OleDLL dlopen load_library load_op_library load_inline load_url load_state_dict_from_url download_url_to_file load_dataset start_new_thread fork_exec CreateProcess
  compile_file compile_dir compile_command execWrapper collect_env run_and_read_all evaluate_guards_expression __reduce__ __reduce_ex__ __globals__ __builtins__ __subclasses__ __getattribute__ __getattr__ __code__ __dict__ __mro__ __bases__ __base__ __loader__ __spec__
  __class__ __init__ __call__ __closure__ __func__ __self__ __defaults__ __import_name__ read_file write_file ReadFile WriteFile gi_frame f_globals f_builtins f_locals cr_frame tb_frame func_globals func_code`.split(
    /\s+/,
  ),
);

/** Modules that are dangerous as a value as well, by whatever module they are reached: `torch.serialization.os`. */
export const DANGEROUS_MODULES: ReadonlySet<string> = new Set(
  'os sys subprocess builtins __builtins__ importlib posix nt pty ctypes socket shutil pickle marshal runpy pkgutil multiprocessing cpp_extension'.split(' '),
);
