import type { Unit } from '../scan/reader.ts';
import { judgePython, MAX_PYTHON_BYTES } from '../text/judge-python.ts';
import { MOMENTS, runsOnImport } from '../text/python-reader.ts';
import { CONFIG_RULES } from './config-rules.ts';

const MAX_FILES = 32;
const MODULE = /^[A-Za-z_][\w-]*(?:[./][A-Za-z_][\w-]*)*$/;

/**
 * Reports code that a configuration names, as `module.Class` or `owner/repository--module.Class` (Transformers, dynamic modules). The source
 * beside the configuration is read as text, with what it imports from there.
 */
export function reportNamedCode(unit: Unit, key: string, named: string, offset: number): void {
  const split = named.indexOf('--');
  const repository = split < 0 ? undefined : named.slice(0, split);
  const reference = split < 0 ? named : named.slice(split + 2);
  const where = repository === undefined ? '' : ` of the repository ${repository}`;
  unit.found(CONFIG_RULES.customCode, offset, `${key}: ${reference.slice(0, 200)}${where.slice(0, 200)}`);
  if (repository !== undefined) {
    unit.notChecked('code that the configuration names', 'it lies in another repository');
    return;
  }
  const module = reference.split('.').slice(0, -1).join('/') || reference;
  readModules(unit, module, key, offset);
}

/** Reads a module of the folder and what it imports from there. */
export function readModules(unit: Unit, module: string, key: string, offset: number): void {
  const pending = [module];
  const known = new Set<string>();
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (known.has(name) || !MODULE.test(name)) continue;
    if (known.size >= MAX_FILES) {
      unit.notChecked('code that the configuration names', `more than ${String(MAX_FILES)} files`);
      return;
    }
    known.add(name);
    pending.push(...readModule(unit, name, key, offset).map((one) => joined(name, one)));
  }
}

const joined = (from: string, module: string): string => [...from.split('/').slice(0, -1), module].join('/');

/** Modules of the folder that it imports. */
function readModule(unit: Unit, module: string, key: string, offset: number): string[] {
  const path = `${module}.py`;
  const source = unit.sibling(path) ?? unit.sibling(`${module}/__init__.py`);
  if (source === undefined) {
    unit.notChecked('code that the configuration names', `${path} is not in the folder`);
    return [];
  }
  const { signs, imports } = judgePython(source.read(0, MAX_PYTHON_BYTES).toString('utf8'), unit.signal);
  for (const sign of signs) {
    if (runsOnImport(sign)) unit.found(CONFIG_RULES.codeActs, offset, `${key}: ${path}, byte ${String(sign.at)}: ${sign.detail}, ${MOMENTS[sign.when]}`);
    else if (sign.when !== 'program') unit.found(CONFIG_RULES.customCode, offset, `${path}, byte ${String(sign.at)}: ${sign.detail}, ${MOMENTS[sign.when]}`);
  }
  unit.checked('code that the configuration names: imports and calls');
  // Beside each other, or as `from .x import y`; loaders copy these along.
  return imports
    .filter((name) => /^\.?\w+$/.test(name) && (name.startsWith('.') || unit.sibling(`${name}.py`) !== undefined))
    .map((name) => name.replace(/^\./, ''));
}
