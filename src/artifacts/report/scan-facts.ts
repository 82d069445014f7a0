import type { Analysis } from '../compare/analysis.ts';
import type { FileReport, ScanReport } from '../findings/report.ts';
import type { KnownWaiver } from './apply-waivers.ts';
import type { ScanDocument } from './scan-document.ts';

/** Everything that is known after a scan: what a document is made of. */
export interface ScanFacts {
  readonly format: ScanDocument['format'];
  readonly strict: boolean;
  /** As it was given. */
  readonly target: string;
  readonly report: ScanReport;
  readonly tookMs: number;
  readonly analysis: Analysis;
  /** Files of adapters that were given besides the model; waivers of the model are not theirs. */
  readonly adapterFiles: readonly FileReport[];
  readonly digest: string | null;
  readonly digestNote: string | null;
  readonly registered: ScanDocument['registered'];
  readonly baseline: Pick<NonNullable<ScanDocument['baseline']>, 'target' | 'from'> | null;
  /** Every waiver of the digest. */
  readonly waivers: readonly KnownWaiver[];
  readonly notes: readonly string[];
}
