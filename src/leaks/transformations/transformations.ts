import { DAMAGES, PLACINGS, SPLITS } from './arrangements.ts';
import { CIPHERS } from './ciphers.ts';
import { CODES, ENCODINGS } from './encodings.ts';
import { HIDDEN } from './hidden.ts';
import { LOOK_ALIKES } from './look-alikes.ts';
import type { Transformation } from './transformation.ts';

/** The 89 transformations that the search after the reply is measured by. Paraphrase, translation, encryption and private codes are not among them. */
export const TRANSFORMATIONS: readonly Transformation[] = [...LOOK_ALIKES, ...HIDDEN, ...CIPHERS, ...ENCODINGS, ...CODES, ...PLACINGS, ...DAMAGES, ...SPLITS];
