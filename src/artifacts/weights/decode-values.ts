/** Types whose elements can be computed with; the others (four and six bits, complex) are compared by their bytes only. */
export const VALUE_BYTES: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['I8', 1],
  ['U8', 1],
  ['BOOL', 1],
  ['I16', 2],
  ['U16', 2],
  ['I32', 4],
  ['U32', 4],
]);

/** Whole elements of a tensor (little-endian) as numbers; what is left at the end is not looked at. Undefined for a type that is not in VALUE_BYTES. */
export function decodeValues(dtype: string, bytes: Buffer): Float64Array | undefined {
  const size = VALUE_BYTES.get(dtype);
  if (size === undefined) return undefined;
  const count = Math.floor(bytes.length / size);
  // A copy is aligned, as the typed views need it.
  const { buffer } = new Uint8Array(bytes.subarray(0, count * size));
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer);
    case 'F32':
      return new Float64Array(new Float32Array(buffer));
    case 'F16':
      return fromTable(new Uint16Array(buffer), halves());
    case 'BF16':
      return fromBfloat(new Uint16Array(buffer));
    case 'F8_E4M3':
      return fromTable(
        new Uint8Array(buffer),
        Float64Array.from({ length: 256 }, (_, code) => smallFloat(code, 4, 3, false)),
      );
    case 'F8_E5M2':
      return fromTable(
        new Uint8Array(buffer),
        Float64Array.from({ length: 256 }, (_, code) => smallFloat(code, 5, 2, true)),
      );
    case 'I8':
      return new Float64Array(new Int8Array(buffer));
    case 'I16':
      return new Float64Array(new Int16Array(buffer));
    case 'U16':
      return new Float64Array(new Uint16Array(buffer));
    case 'I32':
      return new Float64Array(new Int32Array(buffer));
    case 'U32':
      return new Float64Array(new Uint32Array(buffer));
    default:
      return new Float64Array(new Uint8Array(buffer));
  }
}

let halfTable: Float64Array | undefined;

function halves(): Float64Array {
  halfTable ??= Float64Array.from({ length: 65_536 }, (_, code) => smallFloat(code, 5, 10, true));
  return halfTable;
}

/** A float of one sign, `exponent` and `mantissa` bits. `infinite`: the highest exponent stands for infinity and NaN (IEEE 754), else for numbers but the last one. */
function smallFloat(code: number, exponent: number, mantissa: number, infinite: boolean): number {
  const sign = (code >> (exponent + mantissa)) & 1 ? -1 : 1;
  const top = 2 ** exponent - 1;
  const e = (code >> mantissa) & top;
  const m = code & (2 ** mantissa - 1);
  const bias = 2 ** (exponent - 1) - 1;
  if (e === top && infinite) return m === 0 ? sign * Infinity : NaN;
  if (e === top && m === 2 ** mantissa - 1) return NaN;
  return e === 0 ? sign * m * 2 ** (1 - bias - mantissa) : sign * (1 + m / 2 ** mantissa) * 2 ** (e - bias);
}

function fromTable(codes: Uint8Array | Uint16Array, table: Float64Array): Float64Array {
  const values = new Float64Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = table[codes[i] ?? 0] ?? 0;
  return values;
}

/** The upper half of an F32. */
function fromBfloat(codes: Uint16Array): Float64Array {
  const words = new Uint32Array(codes.length);
  for (let i = 0; i < codes.length; i++) words[i] = (codes[i] ?? 0) << 16;
  return new Float64Array(new Float32Array(words.buffer));
}
