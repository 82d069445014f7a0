import { plainName } from '../archives/member-names.ts';
import type { MemberContext } from '../archives/members.ts';
import type { Surroundings } from '../scan/reader.ts';

/** Numbers of tensors: below the folder of the pickle that names them, files that are named by a number. */
const RAW_DATA = /^(?:\.?data|constants|tensors)\/[0-9]+(?:\.storage)?$/;
/** Pickles of torch and the folder with their storages. TorchScript and torch.package have more than one. */
const STORAGE_FOLDERS: ReadonlyMap<string, string> = new Map([
  ['data.pkl', 'data/'],
  ['constants.pkl', 'constants/'],
  ['attributes.pkl', 'attributes/'],
]);

/** Source of TorchScript, which only its own reader takes. */
const OWN_CODE = /^code\/__torch__(?:\.py|\/)/;

export interface NamedSize {
  readonly name: string;
  /** Bytes, unpacked. */
  readonly size: number;
}

/**
 * What members of an archive are when torch wrote it: `<prefix>/data.pkl`, the numbers of tensors in `<prefix>/data/<n>` and, from
 * TorchScript, `<prefix>/constants/<n>` and source under `<prefix>/code/`. Every other member is scanned like any file, whatever its name.
 */
export function torchContext(members: readonly NamedSize[]): MemberContext {
  const sizes = new Map(members.map(({ name, size }) => [plainName(name), size]));
  const prefixes = [...sizes.keys()].filter((name) => /(?:^|\/)data\.pkl$/.test(name)).map((name) => name.slice(0, -'data.pkl'.length));
  const scripts = prefixes.filter((prefix) => [...sizes.keys()].some((name) => name.startsWith(prefix) && OWN_CODE.test(name.slice(prefix.length))));
  const below = (name: string, test: (rest: string) => boolean): boolean =>
    prefixes.some((prefix) => name.startsWith(prefix) && test(name.slice(prefix.length)));
  return {
    isRawData: (name) => below(plainName(name), (rest) => RAW_DATA.test(rest)),
    isOwnCode: (name) => below(plainName(name), (rest) => OWN_CODE.test(rest)),
    surroundings: (name) => surroundingsOf(plainName(name), prefixes, scripts, sizes),
  };
}

function surroundingsOf(name: string, prefixes: readonly string[], scripts: readonly string[], sizes: ReadonlyMap<string, number>): Surroundings | undefined {
  const prefix = prefixes.find((one) => name.startsWith(one));
  if (prefix === undefined) return undefined;
  const torchScript = scripts.includes(prefix);
  const folder = STORAGE_FOLDERS.get(name.slice(prefix.length));
  if (folder === undefined) return { torchScript };
  return { torchScript, storageBytes: (key) => sizes.get(`${prefix}${folder}${key}`) };
}
