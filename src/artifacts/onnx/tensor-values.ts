import type { ByteSource } from '../bytes/byte-source.ts';
import type { WireField } from '../protobuf/wire.ts';
import { floatBytes, floatType } from '../safetensors/non-finite.ts';
import { ValuePass, type ValueRegion } from '../safetensors/value-pass.ts';
import type { Unit } from '../scan/reader.ts';
import { ONNX_RULES } from './onnx-rules.ts';

/** TensorProto.DataType -> name of safetensors. Complex numbers are pairs of the type that is named. */
const TYPES: ReadonlyMap<bigint, string> = new Map([
  [1n, 'F32'],
  [10n, 'F16'],
  [11n, 'F64'],
  [14n, 'F32'],
  [15n, 'F64'],
  [16n, 'BF16'],
  [17n, 'F8_E4M3'],
  [18n, 'F8_E4M3FNUZ'],
  [19n, 'F8_E5M2'],
  [20n, 'F8_E5M2FNUZ'],
  [24n, 'F8_E8M0'],
]);
/** Fields of a tensor that hold its numbers in the file, with their type: float_data, double_data; raw_data has the one that is stated. */
const FLOAT_DATA = 4;
const RAW_DATA = 9;
const DOUBLE_DATA = 10;
/** Graphs compute with single infinities, which are constants of a few elements: weights are larger. */
const MIN_ELEMENTS = 64;
const MAX_REGIONS = 150_000;
const SAMPLE = 64 * 1024;
const CHUNK = 256 * 1024;

/** Collects where the numbers of a model are, in it and beside it, and has them searched for NaN and infinity. */
export class TensorValues {
  readonly #unit: Unit;
  readonly #own: ValueRegion[] = [];
  readonly #beside = new Map<ByteSource, ValueRegion[]>();
  #count = 0;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** Numbers in the tensor itself. */
  add(name: string, fields: readonly WireField[]): void {
    for (const field of fields) {
      if (field.kind !== 'bytes') continue;
      const dtype = { [FLOAT_DATA]: 'F32', [DOUBLE_DATA]: 'F64', [RAW_DATA]: typeOf(fields) }[field.number];
      this.#keep(this.#own, { name, dtype: dtype ?? '', offset: field.span.from, length: field.span.to - field.span.from });
    }
  }

  /** Numbers in another file, whose place was judged before. */
  addBeside(name: string, fields: readonly WireField[], file: ByteSource, offset: number, length: number): void {
    const regions = this.#beside.get(file) ?? [];
    this.#beside.set(file, regions);
    this.#keep(regions, { name, dtype: typeOf(fields) ?? '', offset, length });
  }

  #keep(regions: ValueRegion[], region: ValueRegion): void {
    const type = floatType(region.dtype);
    if (type === undefined || region.length < MIN_ELEMENTS * floatBytes(type)) return;
    if (++this.#count <= MAX_REGIONS) regions.push(region);
    else if (this.#count === MAX_REGIONS + 1) this.#unit.notChecked('NaN and infinity in tensors', `more than ${String(MAX_REGIONS)} tensors`);
  }

  /** To be called once the whole model was walked. Other files are read when the pass over this one is over. */
  search(): void {
    const unit = this.#unit;
    const pass = new ValuePass(this.#own);
    unit.everyByte(
      'NaN and infinity in tensors',
      0,
      unit.source.size,
      (chunk) => pass.update(chunk),
      () => this.#report(unit.source, this.#own, pass, ''),
    );
    if (this.#beside.size === 0) return;
    unit.everyByte(
      'NaN and infinity in tensors of other files',
      0,
      0,
      () => undefined,
      () => {
        for (const [file, regions] of this.#beside) this.#searchBeside(file, regions);
      },
    );
  }

  #searchBeside(file: ByteSource, regions: readonly ValueRegion[]): void {
    const from = regions.reduce((least, { offset }) => Math.min(least, offset), file.size);
    const to = regions.reduce((most, { offset, length }) => Math.max(most, offset + length), from);
    const pass = new ValuePass(regions, from);
    for (let at = from; at < to; at += CHUNK) {
      this.#unit.signal.throwIfAborted();
      pass.update(file.read(at, Math.min(CHUNK, to - at)));
    }
    this.#report(file, regions, pass, ', in another file');
  }

  #report(source: ByteSource, regions: readonly ValueRegion[], { found }: ValuePass, where: string): void {
    for (const { name, offset } of found) {
      const region = regions.find((one) => one.name === name && one.offset <= offset && offset < one.offset + one.length);
      if (region !== undefined && isMask(source, region)) continue;
      this.#unit.found(ONNX_RULES.notFinite, where === '' ? offset : null, `tensor "${name}" holds NaN or infinity${where}`);
    }
  }
}

function typeOf(fields: readonly WireField[]): string | undefined {
  const type = fields.find((field) => field.number === 2 && field.kind === 'varint');
  return type?.kind === 'varint' ? TYPES.get(type.value) : undefined;
}

/** Attention masks are stored as tensors of two values, one of them minus infinity. */
function isMask(source: ByteSource, { dtype, offset, length }: ValueRegion): boolean {
  const type = floatType(dtype);
  if (type === undefined) return false;
  const size = floatBytes(type);
  const bytes = source.read(offset, Math.min(length, SAMPLE));
  const values = new Set<string>();
  for (let at = 0; at + size <= bytes.length && values.size <= 2; at += size) values.add(bytes.toString('latin1', at, at + size));
  return values.size <= 2;
}
