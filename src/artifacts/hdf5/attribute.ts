import { FieldReader, Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';

/** An attribute whose values are texts; others have none. */
export interface Hdf5Attribute {
  readonly name: string;
  readonly texts: readonly Buffer[];
}

/** Texts of one attribute that are read. Lists of layer names have thousands. */
const MAX_TEXTS = 10_000;
const MAX_TEXT = 64 * 1024 * 1024;
const MAX_COLLECTION = 256 * 1024 * 1024;

/** Reads an attribute message (IV.A.2.m). Throws Hdf5Fault. */
export function readAttribute(file: Hdf5Bytes, data: Buffer, address: number): Hdf5Attribute {
  const fields = new FieldReader(file, data, address, 'attribute');
  const version = fields.number(1);
  if (version < 1 || version > 3) fields.fail(`there is no version ${String(version)}`);
  const flags = fields.number(1);
  const [nameSize, typeSize, spaceSize] = [fields.number(2), fields.number(2), fields.number(2)];
  if (version === 3) fields.skip(1);
  const padded = (size: number): number => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const name = fields.bytes(padded(nameSize)).toString('utf8', 0, nameSize).split('\0')[0] ?? '';
  const type = fields.bytes(padded(typeSize)).subarray(0, typeSize);
  fields.skip(padded(spaceSize));
  if ((flags & 1) !== 0) throw new Hdf5Fault(file.base + address, `the type of the attribute ${name} is shared`, true);
  return { name, texts: textsOf(file, fields, type) };
}

/** Values of class 3 (text of a fixed size) and 9 (of any size, in a global heap). */
function textsOf(file: Hdf5Bytes, fields: FieldReader, type: Buffer): Buffer[] {
  if (type.length < 8) return [];
  const kind = (type[0] ?? 0) & 15;
  const size = type.readUInt32LE(4);
  const texts: Buffer[] = [];
  if (kind === 3 && size > 0) {
    while (fields.left >= size && texts.length < MAX_TEXTS) texts.push(cut(fields.bytes(size)));
    return texts;
  }
  // Bits 0 to 3: 1 is a text, 0 a sequence of anything, of which only bytes matter.
  if (kind !== 9) return [];
  const entry = 8 + file.offsetSize;
  while (fields.left >= entry && texts.length < MAX_TEXTS) {
    const length = fields.number(4);
    const collection = fields.addressOrNull();
    const index = fields.number(4);
    if (length > 0 && collection !== null && collection !== 0) texts.push(cut(globalHeapObject(file, collection, index, length)));
  }
  return texts;
}

/** Without the zeros or spaces that fill it up. */
function cut(text: Buffer): Buffer {
  let end = text.length;
  while (end > 0 && (text[end - 1] === 0 || text[end - 1] === 0x20)) end--;
  return text.subarray(0, end);
}

/** One object of a collection of the global heap (III.E). */
export function globalHeapObject(file: Hdf5Bytes, address: number, wanted: number, atMost: number): Buffer {
  const head = file.reader(address, 8 + file.lengthSize, 'global heap');
  head.signature('GCOL');
  head.skip(4);
  const size = head.length();
  if (size > MAX_COLLECTION) head.fail(`it has ${String(size)} bytes`);
  const entry = 8 + file.lengthSize;
  for (let at = address + entry; at + entry <= address + size;) {
    const fields = file.reader(at, entry, 'object of a global heap');
    const index = fields.number(2);
    fields.skip(6);
    const length = fields.length();
    if (index === 0) break;
    if (index === wanted) return file.at(at + entry, Math.min(length, atMost, MAX_TEXT), 'object of a global heap');
    at += entry + Math.ceil(length / 8) * 8;
  }
  return head.fail(`it has no object ${String(wanted)}`);
}
