const SIMPLE = /^[|<>=]?([?bBhHiIlLqQefdgFDGSaUVmMcpPu])([0-9]{0,10})(?:\[[0-9A-Za-z/]{1,20}\])?$/;
/** Bytes of type characters that stand alone (C types of a 64-bit Linux). */
const ALONE: Readonly<Record<string, number>> = {
  '?': 1,
  b: 1,
  B: 1,
  h: 2,
  H: 2,
  i: 4,
  I: 4,
  l: 8,
  L: 8,
  q: 8,
  Q: 8,
  p: 8,
  P: 8,
  e: 2,
  f: 4,
  d: 8,
  g: 16,
  F: 8,
  D: 16,
  G: 32,
  m: 8,
  M: 8,
  c: 1,
  S: 0,
  a: 0,
  U: 0,
  V: 0,
};

/** Bytes of one element of a numpy type string: `<f8`, `|S10`, `<M8[ns]`; null when it is none, or an object. */
export function itemBytesOf(descr: string): number | null {
  const match = SIMPLE.exec(descr);
  const [, type = '', digits = ''] = match ?? [];
  if (match === null) return null;
  if (digits === '') return ALONE[type] ?? null;
  const size = Number(digits);
  return type === 'U' ? size * 4 : size;
}
