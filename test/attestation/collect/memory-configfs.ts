import type { HostFiles, Look } from '../../../src/attestation/collect/host-files.ts';

const ABSENT = { outcome: 'absent', why: 'not there' } as const;

function found<T>(value: T): Look<T> {
  return { outcome: 'found', value };
}

interface Entry {
  inblob: Buffer;
  generation: number;
}

/**
 * The folder `tsm/report` of a kernel whose guest is SEV-SNP, as Documentation/ABI/testing/configfs-tsm describes it: files of an entry
 * appear with it, `outblob` answers the last `inblob`, each write counts. Nothing else is there.
 */
export class MemoryConfigfs implements HostFiles {
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  refuses: 'nothing' | 'mkdir' | 'inblob' = 'nothing';
  /** How often another process asks while a report is read. */
  disturbances = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get entries(): number {
    return this.#entries.size;
  }

  read(path: string): Look<Buffer> {
    const [entry, file] = this.#at(path);
    if (entry === undefined) return ABSENT;
    if (file === 'provider') return found(Buffer.from('sev_guest\n'));
    if (file === 'generation') return found(Buffer.from(`${String(entry.generation)}\n`));
    if (file === 'auxblob') return found(Buffer.from('table'));
    if (file !== 'outblob') return ABSENT;
    const report = Buffer.concat([Buffer.from('report of '), entry.inblob]);
    if (this.disturbances > 0) {
      this.disturbances -= 1;
      entry.generation += 1;
    }
    return found(report);
  }

  list(folder: string): Look<readonly string[]> {
    return folder === this.#folder ? found([...this.#entries.keys()]) : ABSENT;
  }

  kindOf(path: string): Look<'file' | 'folder' | 'device'> {
    return path === this.#folder ? found('folder') : ABSENT;
  }

  write(path: string, bytes: Buffer): Look<null> {
    const [entry, file] = this.#at(path);
    if (entry === undefined || file !== 'inblob') return ABSENT;
    if (this.refuses === 'inblob' || bytes.length > 64) return { outcome: 'failed', why: 'EINVAL' };
    entry.inblob = bytes;
    entry.generation += 1;
    return found(null);
  }

  makeFolder(path: string): Look<null> {
    if (this.refuses === 'mkdir') return { outcome: 'denied', why: 'EACCES' };
    this.#entries.set(path.slice(this.#folder.length + 1), { inblob: Buffer.alloc(0), generation: 0 });
    return found(null);
  }

  removeFolder(path: string): void {
    this.#entries.delete(path.slice(this.#folder.length + 1));
  }

  #at(path: string): readonly [Entry | undefined, string] {
    const [name = '', file = ''] = path.slice(this.#folder.length + 1).split('/');
    return [path.startsWith(`${this.#folder}/`) ? this.#entries.get(name) : undefined, file];
  }
}
