/** Every name that Python keeps for itself. In a template nobody asks an object for one, unless to get from it to the interpreter. */
const DUNDER = /^__\w{1,60}__$/;

/** Attributes that lead to modules, frames or the process; and names of classes and functions that run commands. */
const ATTRIBUTES = new Set(
  `mro globals builtins subclasses popen environ environb getenv putenv func_globals func_code func_closure im_func im_class im_self
  gi_frame gi_code cr_frame cr_code ag_frame ag_code f_globals f_locals f_builtins f_back f_code tb_frame tb_next co_code co_consts
  import_module load_module exec_module check_output check_call getoutput getstatusoutput Popen posix_spawn
  _TemplateReference__context _load_parents`.split(/\s+/),
);

/** Dangerous when they are called: as words they are ordinary (`system` is a role). */
const METHODS = new Set('system popen spawn spawnv spawnl execv execve execvp execl exec eval execfile fork unlink rmtree b64decode loads fdopen'.split(' '));

/** Functions of Python that no template has: a call is an attempt. */
const FUNCTIONS = new Set('getattr setattr delattr eval exec execfile compile open globals locals vars input breakpoint __import__ memoryview'.split(' '));

/** Names of Python's objects that are a sign wherever they stand in a text; model tokens such as `__start__` are not among them. */
const TELLING =
  /__(?:class|mro|base|bases|subclasses|globals|builtins|init|import|getitem|getattribute|getattr|dict|code|closure|call|reduce|reduce_ex|self|func|module|loader|wrapped|builtin|subclasshook|init_subclass|spec)__/;

export function isDangerousAttribute(name: string): boolean {
  return DUNDER.test(name) || ATTRIBUTES.has(name);
}

export function isDangerousMethod(name: string): boolean {
  return METHODS.has(name) || isDangerousAttribute(name);
}

export function isDangerousFunction(name: string): boolean {
  return FUNCTIONS.has(name) || DUNDER.test(name);
}

/** The telling name in a text, or undefined. */
export function tellingName(text: string): string | undefined {
  return TELLING.exec(text)?.[0];
}
