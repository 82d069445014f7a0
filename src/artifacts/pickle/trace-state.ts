import type { ByteWindow } from './byte-window.ts';
import type { InstructionReader } from './instruction.ts';
import type { Machine } from './machine.ts';
import type { Watcher } from './watcher.ts';

/** What the opcodes of one stream work on. */
export interface TraceState {
  readonly window: ByteWindow;
  readonly machine: Machine;
  readonly reader: InstructionReader;
  readonly watcher: Watcher;
  /** The last PROTO, null before any. */
  protocol: number | null;
  /** Imports and calls of any kind. */
  imports: number;
  /** Tells that frames do not fit. */
  frameOdd(detail: string): void;
}
