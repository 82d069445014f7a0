import { z } from 'zod';
import { EVIDENCE_KINDS } from './verify-evidence.ts';
import type { CollectedEvidence, LookedFor } from './collect/evidence-source.ts';

/** What stands in no evidence that is genuine: the largest are certificates, logs and lists of measured files. */
export const MAX_EVIDENCE_BYTES = 128 * 1024 * 1024;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(bytes * 2)}}$`, 'u'));
const base64 = z.base64();

const evidenceFile = z.strictObject({
  v: z.literal(1),
  host: z.string().min(1).max(200),
  collectedAt: z.iso.datetime(),
  challenge: z.strictObject({ nonce: hex(32).nullable(), reportData: hex(64) }),
  looked: z.array(
    z.strictObject({
      interface: z.string(),
      at: z.string(),
      outcome: z.enum(['found', 'absent', 'denied', 'failed', 'unusable']),
      detail: z.string().nullable(),
    }),
  ),
  evidence: z
    .array(z.strictObject({ kind: z.enum(Object.keys(EVIDENCE_KINDS)), interface: z.string(), evidence: base64, inputs: z.record(z.string(), base64) }))
    .max(64),
});

/** What was collected on one host with one challenge. Nothing in the file is signed but the evidence itself. */
export interface EvidenceFile {
  readonly host: string;
  /** RFC 3339, by the clock of who collected. */
  readonly collectedAt: string;
  /** `nonce` is null where the caller gave the report data itself. */
  readonly challenge: { readonly nonce: string | null; readonly reportData: string };
  readonly looked: readonly LookedFor[];
  readonly evidence: readonly CollectedEvidence[];
}

/** The text of the file (docs/formats/attestation.md, section 7). */
export function evidenceFileText(file: EvidenceFile): string {
  const evidence = file.evidence.map(({ inputs, evidence: bytes, ...names }) => ({
    ...names,
    evidence: bytes.toString('base64'),
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.toString('base64')])),
  }));
  return `${JSON.stringify({ v: 1, ...file, evidence }, null, 1)}\n`;
}

/** What `evidenceFileText` wrote; undefined for every other text. */
export function readEvidenceFile(bytes: Buffer): EvidenceFile | undefined {
  if (bytes[0] !== 0x7b) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = evidenceFile.safeParse(value);
  if (!parsed.success) return undefined;
  const { v: _v, evidence, ...file } = parsed.data;
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  return {
    ...file,
    evidence: evidence.map(({ inputs, evidence: own, ...names }) => ({
      ...names,
      evidence: decode(own),
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, decode(input)])),
    })),
  };
}
