/** What a call in source code does that code of a model has no business doing. */
export type DangerKind = 'process' | 'evaluate' | 'network' | 'native' | 'unpickle' | 'delete';

/** Dotted names stand for themselves and for everything below them. */
const NAMES: Readonly<Record<DangerKind, string>> = {
  process: `os.system os.popen os.popen2 os.popen3 os.popen4 os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl
    os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn os.posix_spawnp os.fork os.forkpty os.startfile
    posix.system posix.popen posix.execv posix.execve posix.fork nt.system nt.startfile _posixsubprocess.fork_exec subprocess.run subprocess.Popen
    subprocess.call subprocess.check_call subprocess.check_output subprocess.getoutput subprocess.getstatusoutput pty.spawn pty.fork commands.getoutput
    commands.getstatusoutput popen2 platform.popen asyncio.create_subprocess_shell asyncio.create_subprocess_exec pexpect.spawn pexpect.run
    distutils.spawn setuptools.distutils.spawn pip.main pip._internal.main pip._internal.cli.main.main get_ipython.system torch.utils.collect_env.run webbrowser.open`,
  evaluate: `exec eval execfile runpy.run_path runpy.run_module code.interact code.InteractiveInterpreter code.InteractiveConsole types.FunctionType
    types.CodeType timeit.timeit timeit.repeat pdb.run bdb.Bdb cProfile.run profile.run importlib.machinery.SourceFileLoader
    importlib.util.spec_from_file_location imp.load_source imp.load_module pandas.eval`,
  network: `socket.socket socket.create_connection socket.create_server ssl.wrap_socket urllib.request urllib.urlopen urllib.urlretrieve urllib2.urlopen
    http.client http.server httplib xmlrpc.client xmlrpclib ftplib telnetlib smtplib poplib imaplib nntplib socketserver requests.get requests.post
    requests.put requests.patch requests.delete requests.head requests.options requests.request requests.Session requests.session httpx.get httpx.post
    httpx.put httpx.request httpx.stream httpx.Client httpx.AsyncClient aiohttp.ClientSession aiohttp.request urllib3.PoolManager urllib3.request
    pycurl.Curl websocket.create_connection websocket.WebSocketApp websockets.connect paramiko.SSHClient dns.resolver wget.download gdown.download
    boto3.client boto3.resource asyncio.open_connection asyncio.start_server zmq.Context`,
  native: `ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll ctypes.windll ctypes.oledll ctypes.pydll ctypes.CFUNCTYPE cffi.FFI mmap.PROT_EXEC
    torch.ops.load_library torch.classes.load_library torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline
    tensorflow.load_op_library tensorflow.load_library importlib.machinery.ExtensionFileLoader`,
  unpickle: `pickle.load pickle.loads pickle.Unpickler _pickle.load _pickle.loads cPickle.load cPickle.loads marshal.load marshal.loads dill.load dill.loads
    cloudpickle.load cloudpickle.loads joblib.load shelve.open yaml.unsafe_load jsonpickle.decode pandas.read_pickle`,
  delete: 'shutil.rmtree os.remove os.unlink os.rmdir os.removedirs',
};

const KINDS = new Map(Object.entries(NAMES).flatMap(([kind, names]) => names.split(/\s+/).map((name) => [name, kind as DangerKind] as const)));

/** Modules whose names are free after `from m import *`. */
const STARS = ['os', 'subprocess', 'socket', 'ctypes', 'pty', 'pickle', 'marshal', 'urllib.request', 'requests'];

/** What a dotted name does when it is called, or undefined. `imports`: the modules whose every name was imported. */
export function dangerOf(name: string, stars: readonly string[] = []): DangerKind | undefined {
  const parts = name.split('.').slice(0, 8);
  for (let count = parts.length; count > 0; count--) {
    const kind = KINDS.get(parts.slice(0, count).join('.'));
    if (kind !== undefined) return kind;
  }
  if (parts.length > 1) return dangerousTail(parts);
  for (const module of STARS) if (stars.includes(module) && KINDS.has(`${module}.${name}`)) return KINDS.get(`${module}.${name}`);
  return undefined;
}

/** `torch.serialization.os.system`: a module that another one has imported is the same module. */
function dangerousTail(parts: readonly string[]): DangerKind | undefined {
  for (let from = 1; from < parts.length - 1; from++) {
    if (!['os', 'subprocess', 'socket', 'ctypes', 'pty', 'builtins', 'posix'].includes(parts[from] ?? '')) continue;
    const tail = parts.slice(from + (parts[from] === 'builtins' ? 1 : 0)).join('.');
    const kind = KINDS.get(tail);
    if (kind !== undefined) return kind;
  }
  return undefined;
}
