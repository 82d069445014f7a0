import type { ExitCode } from '../core/exit-codes.ts';
import type { Position } from '../ledger/log.ts';
import type { Actor } from '../services/people/service.ts';
import type { Performed, Plan } from './declaration.ts';

/** One call of one operation, as the door takes it from whoever asks: HTTP, a runbook step, the start of the installation. */
export interface OperationCall {
  readonly room: string;
  readonly name: string;
  /** Unparsed. */
  readonly input: unknown;
  readonly actor: Actor;
  /** Calls with the same id are the same call: it is performed once (a read again). Default: a new one. */
  readonly runId?: string | undefined;
  /** Run of the runbook that this call is a step of. */
  readonly ref?: string | undefined;
  /** Plan only. */
  readonly dryRun?: boolean | undefined;
  /** What allows a call that needs approvals: a token, or the id of an approved request. */
  readonly approval?: { readonly token: string } | { readonly request: string } | undefined;
  /** Approvals that the caller's own rule asks for, such as `approve=2` of a runbook's step. */
  readonly leastApprovals?: number | undefined;
  /** Break-glass: perform without approvals and through windows, for this reason; reviewed afterwards. */
  readonly breakGlass?: string | undefined;
  /** `chg_...`: the scheduled change that this call belongs to. */
  readonly change?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** What every caller gets, and what `--json` prints. */
export interface OperationReport {
  readonly runId: string;
  /** `security emergency-isolation`. */
  readonly operation: string;
  readonly dryRun: boolean;
  readonly verdict: Performed<unknown>['verdict'];
  readonly exit: ExitCode;
  readonly summary: string;
  readonly plan: Plan;
  /** Lower-case hex SHA-256 of the plan (plan-digest.ts). */
  readonly planSha256: string;
  /** The shape that the declaration's `output` gives; null for a dry run. */
  readonly output: unknown;
  readonly startedAt: string;
  readonly tookMs: number;
  /**
   * `spool`: the ledger could not be written, the next start appends the record. `none`: an effect-first operation that could
   * not be recorded at all. `local`: read by the caller's own process, which records nothing.
   */
  readonly recorded: 'ledger' | 'spool' | 'none' | 'local';
  /** The approval that it used; null when it needed none. */
  readonly approval: { readonly request: string; readonly people: readonly string[] } | null;
  /** Where the record stands; null for what was not written to the log. */
  readonly entries: { readonly intent: Position | null; readonly done: Position | null };
}
