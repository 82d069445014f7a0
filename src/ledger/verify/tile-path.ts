/** Paths and sizes of C2SP tlog-tiles. */

/** Hashes of a full tile, entries of a full bundle. */
export const TILE_WIDTH = 256;

export type TileKind = number | 'entries';

export interface TileName {
  /** Level of a hash tile (0 to 63), or `entries` for an entry bundle. */
  readonly kind: TileKind;
  readonly index: number;
  /** 256 for a full tile. */
  readonly width: number;
}

/** `tile/<L>/<N>` or `tile/<L>/<N>.p/<W>`; N in groups of three digits, every group but the last prefixed with `x`. */
export function tilePath(kind: TileKind, index: number | bigint, width = TILE_WIDTH): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.replace(/\d{3}(?=\d)/g, 'x$&/');
  return `tile/${String(kind)}/${groups}${width === TILE_WIDTH ? '' : `.p/${String(width)}`}`;
}

/** Reads a path; undefined unless `tilePath` would write it so. */
export function parseTilePath(path: string): TileName | undefined {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) return undefined;
  const [, level = '', groups = '', partial] = match;
  const kind: TileKind = level === 'entries' ? level : Number(level);
  const name: TileName = { kind, index: Number(groups.replace(/[x/]/g, '')), width: partial === undefined ? TILE_WIDTH : Number(partial) };
  const valid = (kind === 'entries' || kind <= 63) && Number.isSafeInteger(name.index) && name.width > 0 && (partial === undefined || name.width < TILE_WIDTH);
  return valid && tilePath(kind, name.index, name.width) === path ? name : undefined;
}

/** How many full tiles a tree of `size` entries has at `level`, and the width of the partial one after them (0: none). */
export function tilesAt(level: number, size: number): { readonly full: number; readonly partial: number } {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return { full: Math.floor(hashes / TILE_WIDTH), partial: hashes % TILE_WIDTH };
}

/** Width of tile `index` of `level` in a tree of `size` entries: 256, less for the partial one, 0 when there is none. */
export function tileWidth(level: number, index: number, size: number): number {
  const { full, partial } = tilesAt(level, size);
  if (index < full) return TILE_WIDTH;
  return index === full ? partial : 0;
}
