import type { Stats } from 'node:fs';

/** Device and inode: the same for the same file as long as it is not replaced. */
export function identityOf({ dev, ino }: Stats): string {
  return `${String(dev)}:${String(ino)}`;
}
