import { z } from 'zod';

/** Hex of exactly so many bytes, in lower case afterwards. */
export function bytesHex(bytes: number): z.ZodType<string> {
  return z
    .string()
    .regex(/^[0-9a-fA-F]*$/u, 'expected hexadecimal digits')
    .length(bytes * 2, `expected ${String(bytes)} bytes in hexadecimal`)
    .transform((text) => text.toLowerCase());
}

/** Hex of 1 to `most` bytes, in lower case afterwards. */
export function anyBytesHex(most: number): z.ZodType<string> {
  return z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2})+$/u, 'expected hexadecimal digits, two for each byte')
    .max(most * 2, `expected at most ${String(most)} bytes in hexadecimal`)
    .transform((text) => text.toLowerCase());
}
