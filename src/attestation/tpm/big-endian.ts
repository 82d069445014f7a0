import { EvidenceError } from '../checks.ts';

/** Reads a TPM structure from its beginning; EvidenceError `malformed` as soon as bytes are missing. */
export class BigEndian {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get at(): number {
    return this.#at;
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new EvidenceError('malformed', `${this.#what} ends too early`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  /** TPM2B: u16 length and so many bytes. */
  sized(): Buffer {
    return this.take(this.u16());
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new EvidenceError('malformed', `bytes behind ${this.#what}`);
  }
}
