import { EvidenceError } from '../checks.ts';
import type { RimContent } from './rim.ts';
import { OPAQUE } from './spdm-report.ts';
import type { SpdmReport } from './spdm-report.ts';

/** Index, from 0 -> allowed values, lower-case hex. */
export type GoldenValues = ReadonlyMap<number, readonly string[]>;

/** Measured only while the video decoder is on. */
const NVDEC0_INDEX = 35;
const NVDEC0_OFF = 0x55;
const NVDEC0_ON = 0xaa;

/** Whether this index is left out; EvidenceError when the report does not say whether the decoder is on. */
function isSkipped(index: number, { opaque }: SpdmReport): boolean {
  if (index !== NVDEC0_INDEX) return false;
  const status = opaque.get(OPAQUE.nvdec0);
  if (status?.length === 1 && (status[0] === NVDEC0_OFF || status[0] === NVDEC0_ON)) return status[0] === NVDEC0_OFF;
  throw new EvidenceError('measurement-not-allowed', `index ${String(index)}: the report does not say whether NVDEC0 is on`);
}

/** Every index that is listed must have one of its values; index i belongs to block i+1. EvidenceError `measurement-not-allowed`. */
export function demandGolden(report: SpdmReport, golden: GoldenValues): void {
  const differing = [...golden].filter(([index, values]) => {
    if (isSkipped(index, report)) return false;
    const found = report.measurements.get(index + 1)?.toString('hex');
    return found === undefined || !values.includes(found);
  });
  if (differing.length === 0) return;
  const [[first, values] = [0, []]] = differing;
  const indices = differing.map(([index]) => String(index)).join(', ');
  throw new EvidenceError('measurement-not-allowed', `index ${indices}`, {
    expected: `index ${String(first)}: ${values.join(' or ')}`,
    found: `index ${indices} differ; ${String(first)}: ${report.measurements.get(first + 1)?.toString('hex') ?? 'none'}`,
  });
}

/**
 * The values of manifests for one report, together. EvidenceError: `collateral-mismatch` when a manifest is for another version,
 * `malformed` when two of them define an index.
 */
export function goldenOf(manifests: readonly { readonly content: RimContent; readonly version: string | null }[]): GoldenValues {
  const golden = new Map<number, readonly string[]>();
  for (const { content, version } of manifests) {
    if (content.version.toUpperCase() !== version?.toUpperCase())
      throw new EvidenceError('collateral-mismatch', 'a manifest for another version', { expected: version ?? 'none', found: content.version });
    for (const [index, values] of content.golden) {
      if (golden.has(index)) throw new EvidenceError('malformed', `two manifests define index ${String(index)}`);
      golden.set(index, values);
    }
  }
  return golden;
}
