import { SEED_ARCHIVES } from './seed-archives.ts';
import type { SeedFile } from './seed-file.ts';
import { SEED_MODELS } from './seed-models.ts';
import { SEED_PICKLES } from './seed-pickles.ts';
import { SEED_TEXTS } from './seed-texts.ts';

/** One of every format that there is a reader for, and more where a format has several forms. */
export const SEED_FILES: readonly SeedFile[] = [...SEED_PICKLES, ...SEED_MODELS, ...SEED_ARCHIVES, ...SEED_TEXTS];
