import { nativeCodeAt } from './native-code.ts';
import type { Reader, Unit } from './reader.ts';
import { SCAN_RULES } from './scan-rules.ts';

const NAMES = /\.(?:so(?:\.[0-9]{1,9}){0,3}|dll|dylib|exe|pyd|node|ko)$/i;
const ELF = Buffer.from('7f454c46', 'hex');

/** Mark, class, byte order and version of an ELF file: enough where one begins, not in the middle of other bytes. */
function hasElfIdent(ident: Buffer): boolean {
  const [bits, order, version] = [ident[4] ?? 0, ident[5] ?? 0, ident[6]];
  return ident.subarray(0, 4).equals(ELF) && bits >= 1 && bits <= 2 && order >= 1 && order <= 2 && version === 1;
}

/** Names the native code that a unit is, by its header or by a name under which systems load it; null when it is none. */
function nativeCode({ source, name }: Pick<Unit, 'source' | 'name'>): string | null {
  const whole = nativeCodeAt(source, 0);
  if (whole !== null) return whole;
  if (hasElfIdent(source.read(0, 16))) return 'ELF with an incomplete header';
  return NAMES.test(name) ? `${name}: native code by its name` : null;
}

/** Says that native code is there. What it does is not looked at. */
export const NATIVE_CODE_READER: Reader = {
  format: 'native-code',
  recognizes: (_head, unit) => nativeCode(unit) !== null,
  read: (unit: Unit) => {
    unit.found(SCAN_RULES.nativeCode, 0, nativeCode(unit) ?? 'native code');
    unit.notChecked('native code', 'machine code is not analysed');
    return Promise.resolve();
  },
};
