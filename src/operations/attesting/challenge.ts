import { bindReportData, gpuNonce } from '../../attestation/binding.ts';
import type { BoundParts } from '../../attestation/binding.ts';
import type { Challenge } from '../../attestation/evidence-kind.ts';
import { evidenceKind } from '../../attestation/verify-evidence.ts';
import { ElulmcError } from '../../core/errors.ts';

const NONCE_BYTES = 32;
const GPU_KINDS: ReadonlySet<string> = new Set(['nvidia-gpu', 'nvidia-eat']);

/** What evidence was asked with, and who says so. */
export interface Question {
  /** `given` by the caller; `kept` by us when we asked; `none`: nobody knows, so nothing was asked for. */
  readonly from: 'given' | 'kept' | 'none';
  readonly nonce: Buffer | null;
  readonly reportData: Buffer | null;
  /** Whether the nonce went into the evidence through the binding; else kinds with a nonce carry it as it is. */
  readonly binds: boolean;
}

/** Who asks with a nonce and binds it. FIELD_INVALID unless it has 32 bytes. */
export function boundQuestion(nonce: Buffer, parts: BoundParts, from: 'given' | 'kept'): Question {
  if (nonce.length !== NONCE_BYTES)
    throw new ElulmcError('FIELD_INVALID', `nonce: to be bound it must have ${String(NONCE_BYTES)} bytes, not ${String(nonce.length)}`, { field: 'nonce' });
  return { from, nonce, reportData: bindReportData(nonce, parts).reportData, binds: true };
}

/**
 * What the kind must carry. Without a question a new one is asked, which evidence that was made before cannot answer: what is not
 * known to be fresh fails its check, and a policy decides whether that counts.
 */
export function challengeFor(kindName: string, { nonce, reportData, binds }: Question, unasked: Buffer): Challenge {
  const { challenge } = evidenceKind(kindName);
  if (challenge === null) return {};
  if (challenge === 'reportData') return { reportData: reportData ?? unasked };
  if (GPU_KINDS.has(kindName) && binds && nonce !== null) return { nonce: gpuNonce(nonce) };
  if (binds || nonce === null) return { nonce: (reportData ?? unasked).subarray(0, NONCE_BYTES) };
  return { nonce };
}
