/** A small file of some format, good or bad, that mutations begin with. */
export interface SeedFile {
  readonly name: string;
  readonly bytes: Buffer;
}
