const FIRST = 1024 * 1024;
const PIECE = 64 * 1024;
/** The largest dictionary that a preset of the LZMA tools asks for. */
const LARGEST = 64 * 1024 * 1024;

/** What was unpacked last, which later bytes refer to. It grows up to the dictionary that the stream states. */
export class LzmaWindow {
  /** Bytes in all. */
  total = 0;
  readonly #most: number;
  #bytes: Buffer;
  #at = 0;
  #taken = 0;
  #pieces: Buffer[] = [];

  constructor(dictionary: number) {
    this.#most = Math.min(LARGEST, Math.max(4096, dictionary));
    this.#bytes = Buffer.alloc(Math.min(FIRST, this.#most));
  }

  put(byte: number): void {
    if (this.#at === this.#bytes.length) this.#turn();
    this.#bytes[this.#at++] = byte;
    this.total++;
    if (this.#at - this.#taken >= PIECE) this.#cut();
  }

  #turn(): void {
    if (this.#bytes.length < this.#most) {
      this.#bytes = Buffer.concat([this.#bytes], Math.min(this.#most, this.#bytes.length * 2));
      return;
    }
    this.#cut();
    this.#at = 0;
    this.#taken = 0;
  }

  #cut(): void {
    if (this.#at > this.#taken) this.#pieces.push(Buffer.from(this.#bytes.subarray(this.#taken, this.#at)));
    this.#taken = this.#at;
  }

  /** Whether so many bytes back there is one. */
  has(distance: number): boolean {
    return distance <= Math.min(this.total, this.#most);
  }

  /** The byte so many back, from 1 on; 0 where there is none. */
  back(distance: number): number {
    if (!this.has(distance)) return 0;
    const at = this.#at - distance;
    return this.#bytes[at < 0 ? at + this.#bytes.length : at] ?? 0;
  }

  /** Pieces that are full; `all`: what is left as well. */
  take(all: boolean): Buffer[] {
    if (all) this.#cut();
    const pieces = this.#pieces;
    if (pieces.length > 0) this.#pieces = [];
    return pieces;
  }
}
