import type { Reader, Unit } from '../scan/reader.ts';
import { isText } from '../scan/sniff.ts';
import { judgePython, MAX_PYTHON_BYTES, type PythonSign } from './judge-python.ts';
import { TEXT_RULES } from './text-rules.ts';

const SOURCE = /\.(?:py|pyw|pyi|pyx)$/i;
const SHEBANG = /^#![^\n]{0,100}\bpython[\d.]*/;
/** Loaders import these by themselves, without anybody naming them. */
const IMPORTED =
  /^(?:(?:modeling|configuration|tokenization|processing|image_processing|feature_extraction|video_processing)_\w+|handler|inference|pipeline|generate|model|__init__|conftest|sitecustomize|usercustomize)\.py$/i;

/** Reads Python source as text: imports and calls, at import and in functions (reference, sections 6 and 13). */
export const PYTHON_READER: Reader = {
  format: 'python',
  anyFile: true,
  recognizes: (head, { name }) => (SOURCE.test(name) && isText(head)) || SHEBANG.test(head.toString('latin1', 0, 128)),
  read: (unit) => {
    readPython(unit);
    return Promise.resolve();
  },
};

function readPython(unit: Unit): void {
  const bytes = unit.source.read(0, MAX_PYTHON_BYTES);
  const { signs, unread } = judgePython(bytes.toString('utf8'), unit.signal);
  const loaded = IMPORTED.test(unit.name);
  for (const sign of signs) {
    if (sign.kind === 'encoding') unit.found(TEXT_RULES.unreadablePython, sign.at, `encoding ${sign.detail}`);
    else if (loaded && runsOnImport(sign)) unit.found(TEXT_RULES.runsOnImport, sign.at, sign.detail);
    else if (isAlarm(sign, loaded)) unit.found(TEXT_RULES.dangerousCall, sign.at, `${sign.detail}, ${MOMENTS[sign.when]}`);
  }
  if (unread !== undefined) unit.found(TEXT_RULES.unreadablePython, null, unread);
  if (unit.source.size > MAX_PYTHON_BYTES) unit.found(TEXT_RULES.unreadablePython, null, `more than ${String(MAX_PYTHON_BYTES)} bytes`);
  unit.checked('Python source: imports and calls, at import and in functions');
}

export const MOMENTS: Readonly<Record<PythonSign['when'], string>> = {
  import: 'when it is imported',
  use: 'when its class is used',
  call: 'in a function',
  program: 'when it is started',
};

/** Proof of bad intent in code that loaders import: nothing of it is needed to define a model. */
export function runsOnImport({ kind, when, detail }: PythonSign): boolean {
  if (when === 'use') return kind === 'process';
  if (when !== 'import') return false;
  if (kind === 'process' || kind === 'network') return true;
  return (kind === 'evaluate' && /^(?:exec|execfile|runpy|types\.)/.test(detail)) || (kind === 'unpickle' && detail.includes('.loads('));
}

/** In programs that nobody imports only what starts other programs counts, and what does so by a text. */
function isAlarm({ kind, when }: PythonSign, loaded: boolean): boolean {
  if (loaded) return when !== 'program' && kind !== 'delete';
  if (when === 'import') return kind !== 'delete' && kind !== 'reach';
  return when !== 'program' && (kind === 'process' || kind === 'evaluate');
}
