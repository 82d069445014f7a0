import type { z } from 'zod';
import type { ErrorCode } from '../core/errors.ts';
import type { Touched } from '../services/approvals/service.ts';
import type { OperationContext } from './context.ts';

export type Room = 'security' | 'governance' | 'deployment' | 'audits' | 'training' | 'infrastructure';

/** `read` changes nothing; `change` can be undone; `destroy` cannot. */
export type Risk = 'read' | 'change' | 'destroy';

/** What a role must hold. Roles map to permissions in services/people/roles.ts. */
export type Permission = 'read' | 'operate' | 'secure' | 'approve' | 'administer';

/** What an operation would do: the dry run, and what approvers sign. */
export interface Plan {
  /** One line each, in the order in which they happen; empty when nothing would change. */
  readonly changes: readonly string[];
  /** What the reader should know and nobody signs: measurements, warnings. */
  readonly notes: readonly string[];
  /**
   * The objects that the changes are about, in the version that the plan was made for: an approval is void once one of them has
   * another version, and windows are looked up by their names. Leave out what is only read.
   */
  readonly touches?: readonly Touched[];
}

/** Another call that takes an effect back. */
export interface Compensation {
  readonly room: Room;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** How an operation ended when it could do its work. Errors (could not) are thrown. */
export interface Performed<O> {
  readonly output: O;
  /** `finding` exits 3, `violation` (something is not what was vouched for) 7, `inconclusive` 8. */
  readonly verdict: 'ok' | 'finding' | 'violation' | 'inconclusive';
  /** What the entry in the ledger and a person should read: one sentence. */
  readonly summary: string;
}

export interface OperationDeclaration<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> {
  readonly room: Room;
  /** kebab-case; equals the file name. */
  readonly name: string;
  /** The document's path without `./`, such as `security/emergency_isolation.sh`; null where only prose asks for it. */
  readonly runbookLine: string | null;
  readonly summary: string;
  /** A paragraph for --help and the generated docs. */
  readonly description: string;
  readonly risk: Risk;
  readonly permission: Permission;
  /** People other than the caller who must approve, at least; the policy of config.yaml may ask for more. Ignored for `effectFirst`. */
  readonly approvals: number;
  /** Isolation and revocation only: effect first, record after, spooled if the ledger cannot be written. */
  readonly effectFirst?: true;
  /** Part of an emergency: blackout and maintenance windows never hold it up. `effectFirst` implies it. */
  readonly anytime?: true;
  /** Belongs to asking for and giving approvals: it never needs one itself, whatever the policy says of its risk. */
  readonly partOfApproving?: true;
  /** Whether a finding ends a runbook. Default: `continue` for risk read, `stop` otherwise. */
  readonly onFinding?: 'stop' | 'continue';
  /**
   * Runs in the command line's own process, with `context.services.home` only: `always`, or `fallback` when no control
   * plane answers (design, section 7). Absent: only the control plane performs it.
   */
  readonly local?: 'always' | 'fallback';
  /**
   * Input fields that may name a file or folder of the caller's host. The command line makes them absolute where the path is there, and
   * performs a call of `local: 'fallback'` in its own process when nobody is signed in: what a person may not read is read by
   * nobody for them. In the control plane every such field goes through `readableHere` (host-paths.ts).
   */
  readonly hostPaths?: readonly string[];
  /** Input fields that name a file of the caller's host to be written. The command line makes them absolute; the operation says where it writes. */
  readonly hostOutputs?: readonly string[];
  /** Every field is an option `--kebab-case` with `.describe()` as its help; fields marked in `positional` are arguments. */
  readonly input: I;
  readonly positional?: readonly string[];
  /** Fields whose option a runbook line may write with one dash: `-out=changes.plan`. */
  readonly singleDash?: readonly string[];
  /**
   * Fields that a runbook line may leave out: field -> name of the run's parameter (`--set SYSTEM=llama-prod`) that gives
   * the value then.
   */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Input fields that never enter a log, a plan or a screen. */
  readonly secrets?: readonly string[];
  /** Input fields that may name a person: they go to the database, where they can be erased, and never into the ledger. */
  readonly personal?: readonly string[];
  /** Output fields that are shown once and stored nowhere. */
  readonly shownOnce?: readonly string[];
  readonly output: O;
  /** Framework ids; only those pinned in data/frameworks. */
  readonly frameworks: { readonly csf?: string; readonly atlas?: readonly string[] };
  /** Whole command lines, each starts with `elulmc`. */
  readonly examples: readonly string[];
  /** Error codes beyond the door's own that `perform` may end with. */
  readonly errors?: readonly ErrorCode[];
  /** What would change now. Reads only. */
  plan(context: OperationContext, input: z.output<I>): Promise<Plan>;
  /** Idempotent under `context.runId`. */
  perform(context: OperationContext, input: z.output<I>): Promise<Performed<z.output<O>>>;
  /** How to take it back: a command, or the reason why there is none. */
  readonly undo: string;
  /** The call that takes back what this one did: `runbook abort --undo` makes it. Null when there is nothing to take back. */
  compensate?(input: z.output<I>, output: z.output<O>): Compensation | null;
  /** The output for a person's terminal; default: aligned fields. Plain lines, no colors. */
  render?(output: z.output<O>): readonly string[];
}

/** Gives the declaration its types; changes nothing. */
export function defineOperation<I extends z.ZodObject, O extends z.ZodType>(declaration: OperationDeclaration<I, O>): OperationDeclaration<I, O> {
  return declaration;
}
