import { readSafetensorsHeader } from '../safetensors/header.ts';
import type { Unit } from '../scan/reader.ts';
import { CONFIG_RULES } from './config-rules.ts';
import type { JsonMember } from './json-members.ts';
import { leavingPath } from './leaving-paths.ts';

/** As many as can be opened beside one file. */
const MAX_FILES = 200;
const MAX_TENSORS = 2_000_000;
const MAX_NAMED = 5;

/** The map of an index: which file holds which tensor. */
export class WeightMap {
  readonly #unit: Unit;
  readonly #files = new Map<string, Set<string>>();
  #tensors = 0;
  #offset: number | null = null;
  #cut = false;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  member({ path, kind, value, offset }: JsonMember): void {
    const [top, tensor = ''] = path;
    if (top !== 'weight_map' || path.length < 2) return;
    this.#offset ??= offset;
    if (path.length > 2 || kind !== 'string') {
      this.#unit.found(CONFIG_RULES.weightMap, offset, `${tensor.slice(0, 100)} is in no file`);
      return;
    }
    const why = leavingPath('', value, true);
    if (why !== undefined) this.#unit.found(CONFIG_RULES.leavingPath, offset, `weight_map: ${JSON.stringify(value.slice(0, 200))}: ${why}`);
    else this.#add(value, tensor);
  }

  #add(file: string, tensor: string): void {
    if (++this.#tensors > MAX_TENSORS || (this.#files.size >= MAX_FILES && !this.#files.has(file))) {
      this.#cut = true;
      return;
    }
    const known = this.#files.get(file);
    if (known === undefined) this.#files.set(file, new Set([tensor]));
    else known.add(tensor);
  }

  /** Compares it with the files, by their headers. */
  end(): void {
    if (this.#files.size === 0) return;
    const absent = [...this.#files.keys()].filter((file) => this.#unit.sibling(file) === undefined);
    if (absent.length > 0) this.#report(`${some(absent)} ${absent.length === 1 ? 'is' : 'are'} not in the folder`);
    for (const [file, tensors] of this.#files) {
      this.#unit.signal.throwIfAborted();
      if (file.endsWith('.safetensors') && !absent.includes(file)) this.#compare(file, tensors);
    }
    this.#unit.checked('weight map: files and tensors');
    if (this.#cut) this.#unit.notChecked('weight map', `more than ${String(MAX_FILES)} files or ${String(MAX_TENSORS)} tensors`);
  }

  #compare(file: string, tensors: ReadonlySet<string>): void {
    const source = this.#unit.sibling(file);
    if (source === undefined) return;
    const header = readSafetensorsHeader(source);
    // Its own report says what is wrong with it.
    if (header.problems.some(({ kind }) => kind === 'header')) return;
    const held = new Set(header.tensors.map(({ name }) => name));
    const missing = [...tensors].filter((name) => !held.has(name));
    const unnamed = this.#cut ? [] : [...held].filter((name) => !tensors.has(name));
    if (missing.length > 0) this.#report(`${file} does not hold ${some(missing)}`);
    if (unnamed.length > 0) this.#report(`${file} also holds ${some(unnamed)}`);
  }

  #report(detail: string): void {
    this.#unit.found(CONFIG_RULES.weightMap, this.#offset, detail);
  }
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map((name) => JSON.stringify(name.slice(0, 100)));
  return names.length > MAX_NAMED ? `${shown.join(', ')} and ${String(names.length - MAX_NAMED)} more` : shown.join(', ');
}
