const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;
/** What follows a backslash, where it is not itself. */
const SHORT: Readonly<Partial<Record<number, number>>> = { 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9 };
/** A byte may end a pending surrogate (3 bytes) and a broken escape (6). */
const MAX_OUT_PER_BYTE = 10;

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const small = byte | 0x20;
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1;
}

/**
 * Undoes the escapes of JSON strings in a text that comes in pieces: a piece may end anywhere, so the escape goes on in the next one.
 * Knows no errors: what is no escape stands for itself without its backslash, a lone surrogate for U+FFFD.
 */
export class JsonUnescape {
  /** -1: no escape; 0: behind the backslash; 1 to 4: behind `u`, so many digits - 1. */
  #stage = -1;
  #code = 0;
  /** Digits of an escape that may turn out to be none. */
  readonly #digits = new Uint8Array(4);
  /** A high surrogate that waits for its other half; 0: none. */
  #high = 0;
  #out = Buffer.alloc(0);
  #length = 0;

  /** `bytes[from, to)` without escapes, in memory that the next call writes again. */
  take(bytes: Buffer, from: number, to: number): Buffer {
    const most = (to - from) * 3 + MAX_OUT_PER_BYTE;
    if (this.#out.length < most) this.#out = Buffer.allocUnsafeSlow(most);
    this.#length = 0;
    for (let i = from; i < to; i += 1) this.#step(bytes[i] ?? 0);
    return this.#out.subarray(0, this.#length);
  }

  #step(byte: number): void {
    if (this.#stage < 0) {
      if (byte === BACKSLASH) this.#stage = 0;
      else this.#plain(byte);
      return;
    }
    if (this.#stage === 0) {
      this.#stage = byte === LETTER_U ? 1 : -1;
      this.#code = 0;
      if (byte !== LETTER_U) this.#plain(SHORT[byte] ?? byte);
      return;
    }
    const value = hexValue(byte);
    if (value < 0) {
      this.#giveUp(byte);
      return;
    }
    this.#digits[this.#stage - 1] = byte;
    this.#code = this.#code * 16 + value;
    this.#stage += 1;
    if (this.#stage < 5) return;
    this.#stage = -1;
    this.#unit(this.#code);
  }

  /** `\u` with less than four digits stands for itself. */
  #giveUp(byte: number): void {
    const digits = this.#stage - 1;
    this.#stage = -1;
    this.#plain(LETTER_U);
    for (let i = 0; i < digits; i += 1) this.#plain(this.#digits[i] ?? 0);
    this.#step(byte);
  }

  #plain(byte: number): void {
    if (this.#high !== 0) this.#loseHigh();
    this.#out[this.#length++] = byte;
  }

  #loseHigh(): void {
    this.#high = 0;
    this.#codePoint(REPLACEMENT);
  }

  #unit(unit: number): void {
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow && this.#high !== 0) {
      const point = 0x10000 + ((this.#high - 0xd800) << 10) + (unit - 0xdc00);
      this.#high = 0;
      this.#codePoint(point);
      return;
    }
    if (this.#high !== 0) this.#loseHigh();
    if (unit >= 0xd800 && unit <= 0xdbff) this.#high = unit;
    else this.#codePoint(isLow ? REPLACEMENT : unit);
  }

  #codePoint(point: number): void {
    const out = this.#out;
    if (point < 0x80) out[this.#length++] = point;
    else if (point < 0x800) {
      out[this.#length++] = 0xc0 | (point >> 6);
      out[this.#length++] = 0x80 | (point & 63);
    } else if (point < 0x10000) {
      out[this.#length++] = 0xe0 | (point >> 12);
      out[this.#length++] = 0x80 | ((point >> 6) & 63);
      out[this.#length++] = 0x80 | (point & 63);
    } else {
      out[this.#length++] = 0xf0 | (point >> 18);
      out[this.#length++] = 0x80 | ((point >> 12) & 63);
      out[this.#length++] = 0x80 | ((point >> 6) & 63);
      out[this.#length++] = 0x80 | (point & 63);
    }
  }
}
