/** What is wrong with the place of a tensor in another file. `outside`: it leaves the folder; `odd`: it does not, in a strange way. */
export interface LocationDanger {
  readonly is: 'outside' | 'odd';
  readonly why: string;
}

/**
 * Judges the `location` of external data, which has to be a plain name relative to the folder of the model. Both separators count on
 * every system, since the model may be loaded on another one. Null when it is plain.
 */
export function locationDanger(location: string): LocationDanger | null {
  if (location.includes('\0')) return { is: 'outside', why: 'it has a NUL, names end there for some' };
  // ONNX Runtime marks initializers that are already in its memory so, with an address for an offset.
  if (location.includes('_ORT_MEM_ADDR_')) return { is: 'outside', why: 'it names an address in the memory of the runtime' };
  if (/^[/\\]/.test(location)) return { is: 'outside', why: 'it is absolute' };
  if (/^[A-Za-z]:/.test(location)) return { is: 'outside', why: 'it names a drive' };
  if (/^[A-Za-z][A-Za-z0-9+.-]{1,30}:/.test(location)) return { is: 'outside', why: 'it is an address' };
  if (location.startsWith('~')) return { is: 'outside', why: 'it names the home of a user' };
  const parts: string[] = [];
  for (const part of location.split(/[/\\]/)) {
    if (part === '' || part === '.') continue;
    // Systems cut dots and spaces at the end of a name.
    if (/^\.\.[ .]*$/.test(part)) {
      if (parts.pop() === undefined) return { is: 'outside', why: 'it leaves the folder' };
    } else parts.push(part);
  }
  if (location.split(/[/\\]/).includes('..')) return { is: 'odd', why: 'it goes up and down again' };
  if (parts.length === 0) return { is: 'odd', why: 'it names no file' };
  return null;
}

const MAX_INT64 = 2n ** 63n - 1n;

/** A decimal number of 63 bits as the format writes offsets and lengths; null when it is none. */
export function externalNumber(text: string): bigint | null {
  if (!/^[0-9]{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  return value > MAX_INT64 ? null : value;
}
