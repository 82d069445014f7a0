import type { ByteSource } from '../bytes/byte-source.ts';
import { fieldsOf, ProtobufFault, type Span, type WireField } from './wire.ts';

const LOOKED_AT = 64;

/** The first fields of a message, as far as they are sound. `fault`: they end in bytes that are none. */
export function firstFields(source: ByteSource, span: Span, count = LOOKED_AT): { readonly fields: readonly WireField[]; readonly fault: boolean } {
  const fields: WireField[] = [];
  try {
    for (const field of fieldsOf(source, span)) {
      fields.push(field);
      if (fields.length >= count) break;
    }
    return { fields, fault: false };
  } catch (error) {
    if (error instanceof ProtobufFault) return { fields, fault: true };
    throw error;
  }
}

/** Kinds of the fields that a message may have, by their numbers. */
export type Shape = Readonly<Record<number, WireField['kind']>>;

/** Whether every field is one that the shape has. */
export function fits(fields: readonly WireField[], shape: Shape): boolean {
  return fields.every(({ number, kind }) => shape[number] === kind);
}
