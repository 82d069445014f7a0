import type { HostFiles } from './host-files.ts';

/**
 * Runs a program of the host to its end, without a shell. Code 127 when it cannot be started. Child processes belong to
 * services/processes, so who collects hands this in.
 */
export type RunProgram = (argv: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;

/** What a TPM is asked. */
export interface TpmWish {
  /** Persistent handle of the attestation key, `0x81010002`; null: the first one that can be one. */
  readonly key: string | null;
  /** Of the SHA-256 bank, ascending. */
  readonly pcrs: readonly number[];
}

/** Where evidence comes from: a live host, or a tree of files that was recorded on one. */
export interface EvidenceSource {
  readonly files: HostFiles;
  /** Whether its interfaces answer questions. In a recorded tree the file in an interface's place is what it answered. */
  readonly live: boolean;
  readonly run: RunProgram;
  /** How tpm2-tools reach a TPM (TCTI): `device:/dev/tpmrm0`, `swtpm:host=127.0.0.1,port=2321`. */
  readonly tcti: string;
  /** Null: its quotes do not count, so it is looked for and not asked. */
  readonly tpm: TpmWish | null;
}

/** What evidence must carry to answer this question. */
export interface AskedFor {
  /** 64 bytes. */
  readonly reportData: Buffer;
  /** 32 bytes, for quotes of a TPM. */
  readonly nonce: Buffer;
}

/** One interface that was looked for. */
export interface LookedFor {
  readonly interface: string;
  /** Path on the host, or what a program was asked. */
  readonly at: string;
  /** `denied`: it is there, and this user may not use it. `unusable`: it is there, and this program cannot ask it. */
  readonly outcome: 'found' | 'absent' | 'denied' | 'failed' | 'unusable';
  readonly detail: string | null;
}

/** One piece of evidence with what belongs to it. */
export interface CollectedEvidence {
  readonly kind: string;
  readonly interface: string;
  readonly evidence: Buffer;
  /** By the names of the kind's inputs. */
  readonly inputs: Readonly<Record<string, Buffer>>;
}

/** What one interface gave. */
export interface Gathered {
  readonly looked: readonly LookedFor[];
  readonly evidence: readonly CollectedEvidence[];
}
