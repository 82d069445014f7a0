import { FieldReader, Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';

const MAX_DEPTH = 64;
const MAX_OBJECT = 64 * 1024 * 1024;

/** Bytes that are needed for numbers up to a limit. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}

/** A heap in which groups and objects keep many links and attributes (III.G). Filtered heaps and huge objects are not read. */
export class FractalHeap {
  readonly idLength: number;
  readonly #file: Hdf5Bytes;
  readonly #address: number;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  readonly #width: number;
  readonly #startSize: number;
  readonly #maxDirect: number;
  readonly #root: number | null;
  readonly #rootRows: number;

  constructor(file: Hdf5Bytes, address: number) {
    const { lengthSize, offsetSize } = file;
    const fields = file.reader(address, 22 + 12 * lengthSize + 3 * offsetSize, 'fractal heap');
    fields.signature('FRHP');
    fields.skip(1);
    this.#file = file;
    this.#address = address;
    this.idLength = fields.number(2);
    const filters = fields.number(2);
    if (filters > 0) throw new Hdf5Fault(file.base + address, 'a fractal heap with filters', true);
    fields.skip(1);
    const maxManaged = fields.number(4);
    fields.skip(lengthSize + offsetSize + lengthSize + offsetSize + 8 * lengthSize);
    this.#width = fields.number(2);
    this.#startSize = fields.length();
    this.#maxDirect = fields.length();
    const heapBits = fields.number(2);
    fields.skip(2);
    this.#root = fields.addressOrNull();
    this.#rootRows = fields.number(2);
    const isPower = (size: number): boolean => size > 0 && Number.isInteger(Math.log2(size));
    if (this.#width === 0 || !isPower(this.#startSize) || !isPower(this.#maxDirect) || heapBits > 64) fields.fail('its table makes no sense');
    this.#offsetBytes = Math.ceil(heapBits / 8);
    this.#lengthBytes = Math.min(bytesFor(this.#maxDirect), bytesFor(maxManaged));
  }

  /** The object of an id (III.G, "Fractal Heap ID"), with its address where it is in the heap. Throws Hdf5Fault. */
  object(id: Buffer): { readonly data: Buffer; readonly address: number } {
    const kind = ((id[0] ?? 0) >> 4) & 3;
    if (kind === 2) return { data: id.subarray(1, 2 + ((id[0] ?? 0) & 15)), address: this.#address };
    if (kind !== 0) throw new Hdf5Fault(this.#file.base + this.#address, 'a huge object of a fractal heap', true);
    const fields = new FieldReader(this.#file, id, this.#address, 'id in a fractal heap');
    fields.skip(1);
    const offset = fields.number(this.#offsetBytes);
    const length = fields.number(this.#lengthBytes);
    if (length > MAX_OBJECT) fields.fail(`an object of ${String(length)} bytes`);
    const address = this.#find(offset);
    return { data: this.#file.at(address, length, 'object of a fractal heap'), address };
  }

  /** Address of an offset in the space of the heap, which direct and indirect blocks of a doubling table make up. */
  #find(wanted: number): number {
    if (this.#root === null) throw new Hdf5Fault(this.#file.base + this.#address, 'an object of an empty fractal heap');
    if (this.#rootRows === 0) return this.#root + wanted;
    let block = this.#root;
    let rows = this.#rootRows;
    let offset = wanted;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const { row, column, size, into } = this.#place(offset, rows);
      const next = this.#child(block, row * this.#width + column);
      offset = into;
      if (size <= this.#maxDirect) return next + offset;
      block = next;
      rows = Math.log2(size) - Math.log2(this.#startSize * this.#width) + 1;
    }
    throw new Hdf5Fault(this.#file.base + this.#address, 'a fractal heap is nested too deep');
  }

  #place(offset: number, rows: number): { readonly row: number; readonly column: number; readonly size: number; readonly into: number } {
    let start = 0;
    for (let row = 0; row < Math.min(rows, 128); row++) {
      const size = row < 2 ? this.#startSize : this.#startSize * 2 ** (row - 1);
      if (offset < start + size * this.#width) {
        const column = Math.floor((offset - start) / size);
        return { row, column, size, into: offset - start - column * size };
      }
      start += size * this.#width;
    }
    throw new Hdf5Fault(this.#file.base + this.#address, `no block of a fractal heap has the offset ${String(offset)}`);
  }

  #child(block: number, index: number): number {
    const { offsetSize } = this.#file;
    this.#file.reader(block, 4, 'block of a fractal heap').signature('FHIB');
    const entries = block + 5 + offsetSize + this.#offsetBytes;
    return this.#file.reader(entries + index * offsetSize, offsetSize, 'block of a fractal heap').addressOf('a block');
  }
}
