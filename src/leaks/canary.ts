import { createHash, createHmac } from 'node:crypto';

/** Where a canary stands: in a system prompt, in a document that is retrieved, or in data that a model is trained on. */
export const CANARY_KINDS = ['prompt', 'document', 'training'] as const;

export type CanaryKind = (typeof CANARY_KINDS)[number];

/** The one place of a canary. `epoch` counts its rotations, from 0. */
export interface CanaryPlace {
  readonly kind: CanaryKind;
  readonly place: string;
  readonly epoch: number;
}

/**
 * What the registry keeps of a canary: enough to know it again when it is read, not enough to write it.
 * The text is made again from the secret where the search for parts of it needs it.
 */
export interface CanaryEntry extends CanaryPlace {
  readonly id: string;
  readonly marker: string;
  /** SHA-256, hex, of the canonical text. A text of 80 keyed bits cannot be guessed from it. */
  readonly hash: string;
  /** The same of the folded text (`foldLookalikes`), by which digits written for letters are known. */
  readonly foldedHash: string;
}

/** Symbols of a canary, five bits each: digits and letters without I, L, O and U. */
export const CANARY_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const DEFAULT_MARKER = 'ELU';
export const BODY_SYMBOLS = 16;
const GROUP = 4;
const MARKER = /^[A-Z0-9]{3,8}$/;
const MIN_SECRET_BYTES = 16;
/** Digits that are read for a letter, in the place of the letter. */
const FOLDS: Readonly<Partial<Record<string, string>>> = { o: '0', i: '1', l: '1', e: '3', a: '4', s: '5', t: '7', b: '8', g: '9', z: '2' };

/** @throws RangeError unless the marker has three to eight capital letters and digits: shorter ones are found everywhere. */
export function checkMarker(marker: string): void {
  if (!MARKER.test(marker)) throw new RangeError('a marker is three to eight of A-Z and 0-9');
}

/**
 * The canary of a place: marker and the first 80 bits of HMAC-SHA256(secret, kind|place|epoch) as four groups of four symbols.
 * The kind is one of a fixed list and the epoch a number, so that no two places give the same message.
 * @throws RangeError for a short secret, an epoch that is no whole number from 0, or a bad marker.
 */
export function mintCanary(secret: Uint8Array, { kind, place, epoch }: CanaryPlace, marker = DEFAULT_MARKER): string {
  checkMarker(marker);
  if (secret.length < MIN_SECRET_BYTES) throw new RangeError(`the secret of canaries has at least ${String(MIN_SECRET_BYTES)} bytes`);
  if (!Number.isSafeInteger(epoch) || epoch < 0) throw new RangeError('an epoch is a whole number from 0');
  const digest = createHmac('sha256', secret)
    .update(`${kind}|${place}|${String(epoch)}`)
    .digest();
  let body = '';
  for (let symbol = 0; symbol < BODY_SYMBOLS; symbol += 1) {
    const bit = symbol * 5;
    body += CANARY_ALPHABET.charAt((digest.readUInt16BE(bit >> 3) >> (11 - (bit & 7))) & 31);
  }
  return canaryText(marker, body);
}

/** Marker and groups of a body of 16 symbols. */
function canaryText(marker: string, body: string): string {
  const groups = Array.from({ length: BODY_SYMBOLS / GROUP }, (_, i) => body.slice(i * GROUP, (i + 1) * GROUP));
  return [marker, ...groups].join('-').toUpperCase();
}

/** The canonical text of what is a canary and nothing else, in any case of letters; undefined for everything else. */
export function parseCanary(text: string, marker = DEFAULT_MARKER): string | undefined {
  checkMarker(marker);
  const upper = text.trim().toUpperCase();
  return new RegExp(`^${marker}(?:-[0-9A-HJKMNP-TV-Z]{4}){4}$`).test(upper) ? upper : undefined;
}

/** The 16 symbols behind the marker, in small letters. */
export function canaryBody(text: string, marker = DEFAULT_MARKER): string {
  return text.slice(marker.length).replaceAll('-', '').toLowerCase();
}

/** Small letters and digits with each letter that a digit is written for replaced by it. */
export function foldLookalikes(skeleton: string): string {
  let folded = '';
  for (const symbol of skeleton) folded += FOLDS[symbol] ?? symbol;
  return folded;
}

export function canaryHash(marker: string, body: string): string {
  return createHash('sha256').update(canaryText(marker, body)).digest('hex');
}

/** The registry's entry of a canary. The id is made from the hash: the same canary has the same id everywhere. */
export function canaryEntry(text: string, place: CanaryPlace, marker = DEFAULT_MARKER): CanaryEntry {
  const canonical = parseCanary(text, marker);
  if (canonical === undefined) throw new RangeError('not a canary with this marker');
  const body = canaryBody(canonical, marker);
  const hash = canaryHash(marker, body);
  const { kind, epoch } = place;
  return { id: `can_${hash.slice(0, 26)}`, kind, place: place.place, epoch, marker, hash, foldedHash: canaryHash(marker, foldLookalikes(body)) };
}
