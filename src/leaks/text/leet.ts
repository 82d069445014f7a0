import { foldLookalikes } from '../canary.ts';
import { skeletonOf, type Tape } from './skeleton.ts';

/** Signs that are written for a letter; all of one unit, so that places in the text stay. */
const SIGNS: Readonly<Partial<Record<string, string>>> = { '@': 'a', $: 's', '!': 'i', '|': 'i', '+': 't', '(': 'c' };
const FOLDED = Uint8Array.from({ length: 128 }, (_, code) => foldLookalikes(String.fromCharCode(code)).charCodeAt(0));

/** The skeleton after signs are read as letters, with letters and the digits that are written for them made equal. */
export function foldedSkeletonOf(text: string, skeleton: Tape): Tape {
  const signs = /[@$!|+(]/.test(text);
  const tape = signs ? skeletonOf(text.replaceAll(/[@$!|+(]/g, (sign) => SIGNS[sign] ?? sign)) : skeleton;
  const codes = new Uint8Array(tape.length);
  for (let i = 0; i < tape.length; i += 1) codes[i] = FOLDED[tape.codes[i] ?? 0] ?? 0;
  return { codes, origin: tape.origin, length: tape.length };
}
