import { globalHeapObject } from './attribute.ts';
import { FieldReader, type Hdf5Bytes } from './hdf5-bytes.ts';
import type { HeaderMessage } from './object-header.ts';
import { LocalHeap } from './symbol-table.ts';

const MAX_FILES = 1000;

/** Names of the files in an External Data Files message (IV.A.2.h). Throws Hdf5Fault. */
export function externalFiles(file: Hdf5Bytes, { data, address }: HeaderMessage): string[] {
  const fields = new FieldReader(file, data, address, 'list of external files');
  fields.skip(4);
  fields.number(2);
  const used = fields.number(2);
  const heap = new LocalHeap(file, fields.addressOf('its heap'));
  const names: string[] = [];
  for (let slot = 0; slot < Math.min(used, MAX_FILES); slot++) {
    names.push(heap.name(fields.number(file.lengthSize)));
    fields.skip(2 * file.lengthSize);
  }
  return names;
}

/** Where the values of a data set are (IV.A.2.i). `range`: in one piece in the file; `inline`: in the message; `virtual`: elsewhere. */
export type Hdf5Layout =
  | { readonly kind: 'range'; readonly address: number; readonly size: number }
  | { readonly kind: 'inline'; readonly data: Buffer }
  | { readonly kind: 'virtual'; readonly file: string }
  | { readonly kind: 'other' };

/** Reads a data layout message of version 3 or 4; others are of files from before 2005. Throws Hdf5Fault. */
export function readLayout(file: Hdf5Bytes, { data, address }: HeaderMessage): Hdf5Layout {
  const fields = new FieldReader(file, data, address, 'data layout');
  const version = fields.number(1);
  if (version < 3) return { kind: 'other' };
  const kind = fields.number(1);
  if (kind === 0) return { kind: 'inline', data: fields.bytes(fields.number(2)) };
  if (kind === 1) {
    const at = fields.addressOrNull();
    return at === null ? { kind: 'other' } : { kind: 'range', address: at, size: fields.length() };
  }
  if (kind !== 3) return { kind: 'other' };
  const heap = fields.addressOrNull();
  const mapping = heap === null ? Buffer.alloc(0) : globalHeapObject(file, heap, fields.number(4), 64 * 1024);
  const names = mapping.subarray(1 + file.lengthSize);
  return { kind: 'virtual', file: names.toString('utf8', 0, Math.max(0, names.indexOf(0))) };
}

/** Whether the elements of a data set are bytes or texts, so that a pickle can stand there as it is: datatype (IV.A.2.d) of class and size. */
export function isByteType({ data }: HeaderMessage): boolean {
  if (data.length < 8) return false;
  const kind = (data[0] ?? 0) & 15;
  return kind === 3 || kind === 5 || (kind === 0 && data.readUInt32LE(4) === 1);
}
