import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import type { TreeHead } from './log.ts';
import { checked, openLogReader } from './reader.ts';
import { DIGEST_BYTES } from './verify/digest.ts';
import { TILE_WIDTH, tilePath, tilesAt } from './verify/tile-path.ts';
import type { TileKind, TileName } from './verify/tile-path.ts';
import { directorySource } from './verify/tile-source.ts';
import type { TileSource } from './verify/tile-source.ts';
import { VerificationError } from './verify/verification-error.ts';
import { readBundle, verifyLog } from './verify/verify-log.ts';

/**
 * Copies what a reader of the present checkpoint needs (checkpoint, vkey, tiles, bundles) to an empty or new folder, as any web
 * server or object store can serve it, and verifies the copy. Rejects with INTEGRITY_VIOLATION or LOG_UNREADABLE when the log does
 * not hold, FIELD_INVALID when `target` is not empty.
 */
export async function exportLog(directory: string, target: string): Promise<TreeHead> {
  mkdirSync(target, { recursive: true });
  if (readdirSync(target).length > 0) throw new ElulmcError('FIELD_INVALID', `${target} is not empty`, { field: 'target' });
  const source = directorySource(directory);
  const reader = await openLogReader(source);
  await checked(directory, async () => {
    for (const file of filesOf(reader.size)) write(target, tilePath(file.kind, file.index, file.width), await readFileOf(source, file, reader.size));
  });
  write(target, 'vkey', Buffer.from(`${reader.vkey}\n`));
  write(target, 'checkpoint', reader.checkpoint);
  const result = await verifyLog({ source: directorySource(target), vkey: reader.vkey });
  if (!result.verified) throw new ElulmcError('INTEGRITY_VIOLATION', `${directory}: ${result.place}: ${result.reason}`);
  return { size: result.size, root: result.root };
}

/** Every file that a checkpoint of this size implies. */
function* filesOf(size: number): Generator<TileName> {
  for (let level = 0; TILE_WIDTH ** level <= size; level += 1) {
    const { full, partial } = tilesAt(level, size);
    const kinds: TileKind[] = level === 0 ? ['entries', 0] : [level];
    for (const kind of kinds) {
      for (let index = 0; index < full; index += 1) yield { kind, index, width: TILE_WIDTH };
      if (partial > 0) yield { kind, index: full, width: partial };
    }
  }
}

/** The bytes of a file; those of a partial one from the full one when the log has gone on meanwhile. */
async function readFileOf(source: TileSource, { kind, index, width }: TileName, size: number): Promise<Buffer> {
  if (kind === 'entries') {
    const { bytes, ends } = await readBundle(source, index, size);
    return bytes.subarray(0, ends.at(-1));
  }
  const bytes = (await source.read(tilePath(kind, index, width))) ?? (await source.read(tilePath(kind, index)));
  if (bytes === undefined) throw new VerificationError(tilePath(kind, index, width), 'is missing');
  return bytes.subarray(0, width * DIGEST_BYTES);
}

function write(target: string, path: string, bytes: Buffer): void {
  const file = join(target, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
