import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';

/** A structure of HDF5 that cannot be read. `unsupported`: it may be sound, but is not read here. */
export class Hdf5Fault extends Error {
  /** In bytes, in the unit. */
  readonly offset: number;
  readonly unsupported: boolean;
  constructor(offset: number, message: string, unsupported = false) {
    super(message);
    this.name = 'Hdf5Fault';
    this.offset = offset;
    this.unsupported = unsupported;
  }
}

/** Bytes of a file by address, with the widths that its superblock states. Addresses count from `base`. */
export class Hdf5Bytes {
  readonly source: ByteSource;
  readonly base: number;
  /** Bytes of an address and of a length: 2, 4 or 8. */
  readonly offsetSize: number;
  readonly lengthSize: number;

  constructor(source: ByteSource, base: number, offsetSize: number, lengthSize: number) {
    this.source = base === 0 ? source : sliceSource(source, base, source.size - base);
    this.base = base;
    this.offsetSize = offsetSize;
    this.lengthSize = lengthSize;
  }

  /** Exactly so many bytes; throws Hdf5Fault where they are not there. */
  at(address: number, length: number, what: string): Buffer {
    const bytes = length > this.source.size - address ? Buffer.alloc(0) : this.source.read(address, length);
    if (bytes.length < length) throw new Hdf5Fault(this.base + address, `${what}: ${String(length)} bytes at ${String(address)} are not in the file`);
    return bytes;
  }

  reader(address: number, length: number, what: string): FieldReader {
    return new FieldReader(this, this.at(address, length, what), address, what);
  }
}

/** Fields of a structure, one after the other. */
export class FieldReader {
  readonly address: number;
  readonly #file: Hdf5Bytes;
  readonly #bytes: Buffer;
  readonly #what: string;
  position = 0;

  constructor(file: Hdf5Bytes, bytes: Buffer, address: number, what: string) {
    this.#file = file;
    this.#bytes = bytes;
    this.address = address;
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }

  bytes(length: number): Buffer {
    if (length > this.left) this.fail(`it ends inside of ${String(length)} bytes`);
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  skip(length: number): void {
    this.bytes(length);
  }

  /** An unsigned number of 1 to 8 bytes; throws Hdf5Fault beyond 2^53. */
  number(size: number): number {
    const value = this.big(size);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`a number is ${String(value)}`);
    return Number(value);
  }

  big(size: number): bigint {
    let value = 0n;
    const bytes = this.bytes(size);
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    return value;
  }

  /** An address inside of the file; null where it is undefined, which all ones mean. */
  addressOrNull(): number | null {
    const size = this.#file.offsetSize;
    const value = this.big(size);
    if (value === (1n << BigInt(8 * size)) - 1n) return null;
    if (value >= BigInt(this.#file.source.size)) this.fail(`the address ${String(value)} is not in the file`);
    return Number(value);
  }

  addressOf(what: string): number {
    return this.addressOrNull() ?? this.fail(`${what} has no address`);
  }

  length(): number {
    return this.number(this.#file.lengthSize);
  }

  signature(expected: string): void {
    const found = this.bytes(4).toString('latin1');
    if (found !== expected) this.fail(`it begins with ${JSON.stringify(found)}, not with ${expected}`);
  }

  fail(reason: string): never {
    throw new Hdf5Fault(this.#file.base + this.address, `${this.#what} at ${String(this.address)}: ${reason}`);
  }
}
