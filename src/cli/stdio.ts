import type { Readable, Writable } from 'node:stream';

/** Where the command line reads and writes; a test gives its own. */
export interface Stdio {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}
