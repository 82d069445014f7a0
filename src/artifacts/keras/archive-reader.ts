import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import { packedStream } from '../archives/decoders.ts';
import { plainName } from '../archives/member-names.ts';
import { endCandidates, readEnd, type ZipEnd } from '../archives/zip-end.ts';
import { nameText, parseLocal, type CentralEntry } from '../archives/zip-records.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { configFault } from './config-reader.ts';
import { KERAS_RULES } from './keras-rules.ts';

const MAX_CONFIG = 64 * 1024 * 1024;
const MAX_ENDS = 4;
const EXTENSION = /\.keras$/i;
const WEIGHTS = 'model.weights.h5';

/**
 * Knows archives of Keras and says where their configuration is missing or no JSON. What the members hold is for the readers of their
 * formats, to whom the reader of zip archives gives every one.
 */
export const KERAS_ARCHIVE_READER: Reader = {
  format: 'keras',
  recognizes: (head, { source, name }) => {
    const isZip = head.length >= 4 && [0x504b0304, 0x504b0506].includes(head.readUInt32BE(0));
    if (!isZip && !EXTENSION.test(name)) return false;
    const end = directory(source);
    // Decoding thousands of names takes longer than to look for one.
    if (!EXTENSION.test(name) && end?.entries.some((entry) => entry.name.includes(WEIGHTS)) !== true) return false;
    const names = memberNames(end);
    return names.length > 0 && (EXTENSION.test(name) || (names.includes('config.json') && names.includes(WEIGHTS)));
  },
  read: readArchive,
};

/** The directory that a loader takes. */
function directory(source: ByteSource): ZipEnd | null {
  for (const at of endCandidates(source, 0, source.size).slice(0, MAX_ENDS)) {
    const end = readEnd(source, at, 0, source.size);
    if (end.entries.length > 0) return end;
  }
  return null;
}

const memberNames = (end: ZipEnd | null): string[] => (end?.entries ?? []).map(({ name }) => plainName(nameText(name)));

async function readArchive(unit: Unit): Promise<void> {
  const end = directory(unit.source);
  const names = memberNames(end);
  unit.checked('Keras archive: its configuration');
  if (end === null || !names.includes('config.json')) {
    unit.found(KERAS_RULES.missing, null, `members: ${names.slice(0, 8).join(', ')}`);
    return;
  }
  for (const [index, entry] of end.entries.entries()) {
    unit.signal.throwIfAborted();
    const name = names[index] ?? '';
    if (name !== 'config.json' && name !== 'metadata.json') continue;
    const bytes = await contents(unit, entry, end.base);
    const fault = bytes === null ? null : configFault(bytes);
    if (bytes === null) unit.notChecked('Keras configuration', `${name} cannot be unpacked here`);
    if (fault !== null) unit.found(KERAS_RULES.unreadable, entry.at, `${name}: ${fault}`);
  }
}

/** A member as its local header says; null where it is packed in another way, encrypted or too long. What is wrong with it the zip reader says. */
async function contents(unit: Unit, entry: CentralEntry, base: number): Promise<Buffer | null> {
  const local = parseLocal(unit.source, base + entry.headerAt);
  if (local === null || entry.size > MAX_CONFIG || (entry.method !== 0 && entry.method !== 8)) return null;
  const packed = sliceSource(unit.source, local.dataAt, entry.packed);
  const plain = entry.method === 0 ? packed : (await unit.unpack(packedStream(packed, 'deflate').chunks, packed.size)).source;
  return plain.size > MAX_CONFIG ? null : plain.read(0, plain.size);
}
