import { isLzma } from '../archives/unlzma.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { ByteWindow } from './byte-window.ts';
import { beginsPickle, startsForeign } from './loadable.ts';
import { OPCODES } from './opcodes.ts';
import { scanPickles } from './scan-pickle.ts';

/** Names that promise a pickle: whatever begins with an opcode is read as one, however broken. */
const PICKLE_NAMES = /\.(?:pkl|pickle|pck|pk|p|dill|joblib|sav|cloudpickle)$/i;
/** Names under which loaders try a pickle as well. */
const LOADED_NAMES = /\.(?:bin|pt|pth|ckpt|dat|model|npy)$/i;
const IDENTIFIER = /^c[A-Za-z_][A-Za-z0-9_.]{0,255}\n/;

/** Pickles of any protocol, several of them in a row, joblib files and torch files of the old format. */
export const PICKLE_READER: Reader = {
  format: 'pickle',
  recognizes(head: Buffer, { source, name }: Pick<Unit, 'source' | 'name'>): boolean {
    if (head.length === 0 || startsForeign(head) || isLzma(head)) return false;
    const window = new ByteWindow(source);
    if (beginsPickle(window, 0)) return true;
    const statesProtocol = head[0] === 0x80 && (head[1] ?? 9) <= 5;
    if (PICKLE_NAMES.test(name)) return OPCODES[head[0] ?? 0] !== undefined;
    return LOADED_NAMES.test(name) && (statesProtocol || isImport(head));
  },
  async read(unit: Unit): Promise<void> {
    await scanPickles(unit, 0, unit.surroundings);
  },
};

/** GLOBAL and the first of its two lines. */
function isImport(head: Buffer): boolean {
  return IDENTIFIER.test(head.toString('latin1', 0, 300));
}
