import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ElulmcError } from './errors.ts';

/** Where everything of an installation lies (design, section 6; docs/formats/home.md). */
export interface Home {
  readonly root: string;
  readonly config: string;
  readonly keys: string;
  readonly pg: string;
  readonly run: string;
  readonly spool: string;
  readonly ledger: string;
  readonly models: string;
  /** Output of processes and evidence of steps, each file named by its SHA-256. */
  readonly content: string;
  /** What was collected as evidence: `attestation/<host>/`. */
  readonly evidence: string;
  /** Runbooks of this installation. */
  readonly runbooks: string;
  /** Its presence isolates everything on this host, whatever the database says. */
  readonly killswitch: string;
  /** Ports, URLs and the local token, mode 0600, written when the installation is ready. */
  readonly endpoints: string;
  /** The signed-in person of this user: id, token, path of the Ed25519 key; mode 0600. */
  readonly identity: string;
}

/** Paths only; touches nothing. */
export function homeAt(root: string): Home {
  return {
    root,
    config: join(root, 'config.yaml'),
    keys: join(root, 'keys'),
    pg: join(root, 'pg'),
    run: join(root, 'run'),
    spool: join(root, 'spool'),
    ledger: join(root, 'ledger'),
    models: join(root, 'models'),
    content: join(root, 'content'),
    evidence: join(root, 'evidence'),
    runbooks: join(root, 'runbooks'),
    killswitch: join(root, 'killswitch'),
    endpoints: join(root, 'run', 'endpoints.json'),
    identity: join(root, 'identity.json'),
  };
}

/** Makes the folders of a home, each 0700. Refuses a home that others can write. */
export function prepareHome(home: Home): void {
  for (const folder of [home.root, home.keys, home.run, home.spool, home.ledger, home.content, home.runbooks]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  const mode = statSync(home.root).mode & 0o777;
  if ((mode & 0o022) !== 0) {
    throw new ElulmcError('KEY_FILE_UNSAFE', `${home.root} has mode ${mode.toString(8)}: others can write it; chmod 700 it`);
  }
}
