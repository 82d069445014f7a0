import { FieldReader, type Hdf5Bytes } from './hdf5-bytes.ts';

/** A link message (IV.A.2.g): a name in a group of the new kind. */
export type Hdf5Link =
  | { readonly kind: 'hard'; readonly name: string; readonly object: number | null }
  | { readonly kind: 'soft'; readonly name: string }
  | { readonly kind: 'external'; readonly name: string; readonly file: string; readonly object: string }
  | { readonly kind: 'user'; readonly name: string; readonly type: number };

/** Reads a link message at an address. Throws Hdf5Fault. */
export function readLink(file: Hdf5Bytes, data: Buffer, address: number): Hdf5Link {
  const fields = new FieldReader(file, data, address, 'link');
  const version = fields.number(1);
  if (version !== 1) fields.fail(`there is no version ${String(version)}`);
  const flags = fields.number(1);
  const type = (flags & 8) === 0 ? 0 : fields.number(1);
  if ((flags & 4) !== 0) fields.skip(8);
  if ((flags & 16) !== 0) fields.skip(1);
  const name = fields.bytes(fields.number(1 << (flags & 3))).toString('utf8');
  if (type === 0) return { kind: 'hard', name, object: fields.addressOrNull() };
  const value = fields.bytes(fields.number(2));
  if (type === 1) return { kind: 'soft', name };
  if (type !== 64) return { kind: 'user', name, type };
  // One byte of version and flags, then two names that end with a NUL.
  const [path = '', object = ''] = value.toString('utf8', 1).split('\0');
  return { kind: 'external', name, file: path, object };
}
