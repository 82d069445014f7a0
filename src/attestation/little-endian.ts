import { EvidenceError } from './checks.ts';

/** Reads fields one after the other; a field that ends behind the bytes is EvidenceError `malformed`. */
export class LittleEndianReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new EvidenceError('malformed', `the bytes end inside of a field of ${String(length)} at ${String(this.#at)}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** An unsigned number of at most six bytes. */
  number(length: number): number {
    return this.take(length).readUIntLE(0, length);
  }

  demandEnd(what: string): void {
    if (this.left > 0) throw new EvidenceError('malformed', `${String(this.left)} bytes behind ${what}`);
  }
}
