import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EVIDENCE_KINDS } from './verify-evidence.ts';

const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** A folder for one of several devices: `nvidia-gpu-0`. */
const OF_DEVICE = /-\d{1,2}$/u;

type Inputs = Readonly<Record<string, Buffer>>;

/** Inputs by the name of the folder that they lie in; '' for the folder itself, whose files are for every kind that takes them. */
export type Collateral = ReadonlyMap<string, Inputs>;

const INPUT_NAMES: ReadonlySet<string> = new Set(Object.values(EVIDENCE_KINDS).flatMap(({ inputs }) => inputs));

function isOfKind(name: string): boolean {
  return Object.hasOwn(EVIDENCE_KINDS, name) || Object.hasOwn(EVIDENCE_KINDS, name.replace(OF_DEVICE, ''));
}

/** Error for a file that is too large, or two files of one name. */
function readInputs(folder: string, unused: string[], shown: string): Inputs {
  const inputs: Record<string, Buffer> = {};
  for (const file of readdirSync(folder).sort()) {
    const path = join(folder, file);
    const stat = statSync(path);
    if (stat.isDirectory()) continue;
    const [name = ''] = file.split('.', 1);
    if (!stat.isFile() || !INPUT_NAMES.has(name)) {
      unused.push(`${shown}${file}`);
      continue;
    }
    if (stat.size > MAX_FILE_BYTES) throw new Error(`${shown}${file} is larger than 64 MiB`);
    if (Object.hasOwn(inputs, name)) throw new Error(`two files are ${shown}${name}`);
    inputs[name] = readFileSync(path);
  }
  return inputs;
}

/**
 * A folder of what belongs to evidence: files named as the inputs of the kinds (`ask.pem`, `crl.der`, `collateral.json`), in the folder or
 * in one of a kind below it (`snp/ask.pem`, `nvidia-gpu-0/chain.pem`). `unused` names the others. Error as the file system gives it.
 */
export function readCollateral(folder: string): { readonly collateral: Collateral; readonly unused: readonly string[] } {
  const unused: string[] = [];
  const collateral = new Map<string, Inputs>([['', readInputs(folder, unused, '')]]);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    if (isOfKind(entry.name)) collateral.set(entry.name, readInputs(join(folder, entry.name), unused, `${entry.name}/`));
    else unused.push(`${entry.name}/`);
  }
  return { collateral, unused };
}

/** What of it the kind takes. A folder of the device wins over one of its kind, and that over the folder of all. */
export function inputsFor(collateral: Collateral, kind: string, device?: number): Inputs {
  const taken = new Set(EVIDENCE_KINDS[kind]?.inputs ?? []);
  const folders = ['', kind, ...(device === undefined ? [] : [`${kind}-${String(device)}`])];
  const all = Object.assign({}, ...folders.map((name) => collateral.get(name) ?? {})) as Record<string, Buffer>;
  return Object.fromEntries(Object.entries(all).filter(([name]) => taken.has(name)));
}
