import type { TileSource } from '../../ledger/verify/tile-source.ts';

/** A log that the control plane follows. */
export interface WitnessedLog {
  readonly name: string;
  readonly source: TileSource;
  /** False where log and witness share a machine: whoever owns it owns both. */
  readonly independent: boolean;
}
