/** A number as protobuf writes it. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Field of a number. */
export const number = (field: number, value: number | bigint): Buffer => Buffer.concat([varint(field * 8), varint(value)]);

/** Field of bytes, a text or messages one behind the other. */
export function field(field: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(contents.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}
