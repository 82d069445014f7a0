import type { Unit } from '../scan/reader.ts';
import { CONFIG_RULES } from './config-rules.ts';
import type { JsonMember } from './json-members.ts';
import { readModules, reportNamedCode } from './named-code.ts';
import { rateTarget } from './target-names.ts';

const MAX_NAMED = 64;
/** Names of members under which loaders find a class to import and call. */
const TARGETS = new Set(['_target_', '_class_path_', 'class_path']);
/** Libraries of a pipeline's parts (Diffusers, `model_index.json`). */
const PIPELINE_LIBRARIES = new Set([
  'diffusers',
  'transformers',
  'onnxruntime',
  'optimum',
  'stable_diffusion',
  'flax',
  'null',
  'tokenizers',
  'safetensors',
  'pipelines',
  'schedulers',
]);
const PIPELINE_NAME = /(?:^|\/)model_index\.json$/;
const MODULES_NAME = /(?:^|\/)modules\.json$/;
const IMPORTED_LIBRARIES = /^(?:transformers|diffusers|sentence_transformers|peft|torch|timm|open_clip|trl|speechbrain|nemo)(?:\.|$)/;

/** Everything in a configuration that makes a loader import code. */
export class CodeMembers {
  readonly #unit: Unit;
  readonly #named = new Set<string>();
  /** Elements of the pairs of a pipeline, by their name. */
  readonly #pairs = new Map<string, number>();

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  member({ path, kind, value, offset }: JsonMember): void {
    const key = path.at(-1) ?? '';
    if (path.includes('auto_map') && kind === 'string') this.#code('auto_map', value, offset);
    else if (path.at(-2) === 'impl' || (key === 'impl' && path.includes('custom_pipelines'))) this.#code('custom_pipelines', value, offset);
    else if (key === 'trust_remote_code' && value === 'true' && kind === 'plain') this.#unit.found(CONFIG_RULES.trustRemoteCode, offset, path.join('.'));
    else if (TARGETS.has(key) && kind === 'string') this.target(path.join('.'), value, offset, true);
    else if (key === 'parent_library' && kind === 'string') this.#library(path.join('.'), value, offset);
    else if (MODULES_NAME.test(this.#unit.name) && key === 'type' && kind === 'string') this.#module(value, offset);
    else if (PIPELINE_NAME.test(this.#unit.name) && key === '*' && path.length === 2 && kind === 'string') this.#part(path[0] ?? '', value, offset);
  }

  #first(what: string): boolean {
    if (this.#named.has(what) || this.#named.size >= MAX_NAMED) return false;
    this.#named.add(what);
    return true;
  }

  #code(key: string, named: string, offset: number): void {
    if (this.#first(named)) reportNamedCode(this.#unit, key, named, offset);
  }

  /** A name that the loader imports and calls. Where other members may have that name too, only dangerous ones count. */
  target(where: string, name: string, offset: number, unknownCounts: boolean): void {
    const { is, why } = rateTarget(name);
    if (is === 'dangerous') this.#unit.found(CONFIG_RULES.dangerousTarget, offset, `${where}: ${name.slice(0, 200)}: ${why}`);
    else if (is === 'unknown' && unknownCounts) this.#unit.found(CONFIG_RULES.unknownTarget, offset, `${where}: ${name.slice(0, 200)}: ${why}`);
  }

  /** PEFT imports it and takes a class of it (`auto_mapping`). */
  #library(where: string, name: string, offset: number): void {
    if (IMPORTED_LIBRARIES.test(name)) return;
    if (/^transformers_modules\b/.test(name)) this.#unit.found(CONFIG_RULES.customCode, offset, `${where}: ${name.slice(0, 200)}`);
    else this.target(where, name, offset, true);
  }

  /** Sentence Transformers import the type of each module. */
  #module(name: string, offset: number): void {
    if (name.startsWith('sentence_transformers.')) return;
    const rating = rateTarget(name);
    if (rating.is === 'dangerous') this.target('type', name, offset, true);
    else if (rating.is === 'unknown') this.#code('type', name, offset);
  }

  /** `"unet": ["diffusers", "UNet2DConditionModel"]`; another library is a module in the folder. */
  #part(part: string, value: string, offset: number): void {
    const index = this.#pairs.get(part) ?? 0;
    this.#pairs.set(part, index + 1);
    if (index > 0 || PIPELINE_LIBRARIES.has(value) || !this.#first(`${part} ${value}`)) return;
    this.#unit.found(CONFIG_RULES.customCode, offset, `${part.slice(0, 100)}: ${value.slice(0, 200)}`);
    readModules(this.#unit, `${part}/${value.replaceAll('.', '/')}`, part, offset);
  }
}
