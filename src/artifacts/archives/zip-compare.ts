import type { Unit } from '../scan/reader.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { nameDanger } from './member-names.ts';
import { extraField, nameText, type CentralEntry, type LocalHeader } from './zip-records.ts';
import { ZIP_RULES } from './zip-rules.ts';

/** Encryption, patched data, strong encryption, masked headers: none of them is for models. */
const STRANGE_FLAGS = 0x2061;
/** How hard deflate tried, data descriptor, UTF-8: writers differ in whether both places say it. */
const QUIET_FLAGS = 0x080e;
const DESCRIPTOR_FLAG = 0x0008;
const UNIX_KIND = 0xf000;
const UNIX_FILE = 0x8000;
const UNIX_FOLDER = 0x4000;

const hexOf = (value: number): string => `0x${value.toString(16)}`;

/** Reports what local header and central entry of one member disagree about. */
export function compareHeaders(unit: Unit, central: CentralEntry, local: LocalHeader, name: string): void {
  if (!central.name.equals(local.name)) {
    unit.found(ZIP_RULES.name, local.offset, `${name} in the directory, ${nameText(local.name)} in the local header`);
  }
  const different = (central.flags ^ local.flags) & ~QUIET_FLAGS;
  const strange = (central.flags | local.flags) & STRANGE_FLAGS;
  if (different !== 0 || strange !== 0) {
    unit.found(ZIP_RULES.flags, local.offset, `${name}: ${hexOf(central.flags)} in the directory, ${hexOf(local.flags)} in the local header`);
  }
  if (central.method !== local.method) {
    unit.found(ZIP_RULES.method, local.offset, `${name}: ${String(central.method)} in the directory, ${String(local.method)} in the local header`);
  }
  const later = (local.flags & DESCRIPTOR_FLAG) !== 0 && local.packed === 0 && local.size === 0;
  if (!later && (central.packed !== local.packed || central.size !== local.size)) {
    const sizes = `${String(central.packed)} packed and ${String(central.size)} unpacked`;
    unit.found(ZIP_RULES.size, local.offset, `${name}: ${sizes} in the directory, ${String(local.packed)} and ${String(local.size)} in the local header`);
  }
  const crcLater = (local.flags & DESCRIPTOR_FLAG) !== 0 && local.crc === 0;
  if (!crcLater && central.crc !== local.crc) {
    unit.found(ZIP_RULES.crc, local.offset, `${name}: ${hexOf(central.crc)} in the directory, ${hexOf(local.crc)} in the local header`);
  }
}

/** Reports what a central entry says by itself: its name, a second name in an extra field, links. */
export function checkEntry(unit: Unit, central: CentralEntry, name: string): void {
  const danger = nameDanger(name);
  if (danger !== null) unit.found(ARCHIVE_RULES.traversal, central.at, `${name}: ${danger}`);
  const unicode = extraField(central.extra, 0x7075)?.subarray(5);
  if (unicode !== undefined && !unicode.equals(central.name)) {
    unit.found(ZIP_RULES.name, central.at, `${name} in the directory, ${nameText(unicode)} in its extra field`);
  }
  const kind = (central.attributes >>> 16) & UNIX_KIND;
  if (kind !== 0 && kind !== UNIX_FILE && kind !== UNIX_FOLDER) unit.found(ARCHIVE_RULES.link, central.at, `${name} has the file type ${hexOf(kind)}`);
  if (central.disk !== 0 && central.disk !== 0xffff) unit.found(ZIP_RULES.end, central.at, `${name} is said to be on disk ${String(central.disk)}`);
}
