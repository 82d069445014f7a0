import { canonicalJson, sha256OfJson } from '../core/canonical-json.ts';
import { wallAt } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Json, LedgerEntry } from '../ledger/entry.ts';
import type { Plan } from './declaration.ts';

/** What both entries of an operation say about it. */
export interface RecordedRun {
  readonly runId: string;
  readonly actor: string;
  /** `security emergency-isolation`. */
  readonly operation: string;
  readonly ref: string | null;
  /** Input without secret and personal fields. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  readonly planSha256: string;
  /** The approval that it used: request, digest of the statement, keys that signed. */
  readonly approval?: { readonly request: string; readonly digest: string; readonly keyids: readonly string[] } | undefined;
  readonly breakGlass?: { readonly reason: string } | undefined;
}

export type RunOutcome = 'ok' | 'finding' | 'violation' | 'inconclusive' | 'failed' | 'refused' | 'cancelled' | 'interrupted' | 'planned' | 'skipped';

/** How an operation ended. */
export interface RunResult {
  readonly outcome: RunOutcome;
  readonly summary: string;
  readonly tookMs: number;
  readonly code?: ErrorCode | undefined;
  /** Id of the error, which the caller was given too. */
  readonly errorId?: string | undefined;
  /** For an interrupted run: the posture version that carries its effect, or null when there was none. */
  readonly appliedVersion?: number | null | undefined;
  /** What a step of a runbook left: the note and file of a person, the output of a process by its digest. */
  readonly evidence?: Readonly<Record<string, unknown>> | undefined;
}

/** Keeps an entry far below its 65,535 bytes, whatever somebody put into an input. */
const MAX_MEMBER_BYTES = 12_000;
const MAX_SUMMARY_CHARACTERS = 1_000;
const TARGET_FIELDS = ['target', 'model', 'upstream', 'key', 'log'];

/** The value, or its digest and size when it is too long for an entry. */
function fitted(value: unknown): Json {
  const text = canonicalJson(value);
  const bytes = Buffer.byteLength(text);
  return bytes <= MAX_MEMBER_BYTES ? (JSON.parse(text) as Json) : { sha256: sha256OfJson(value), bytes };
}

function targetOf(input: Readonly<Record<string, unknown>>): string {
  const named = TARGET_FIELDS.map((field) => input[field]).find((value) => typeof value === 'string');
  return typeof named === 'string' ? named.slice(0, 256) : 'installation';
}

/** What allowed it, where it needed to be allowed. */
function permitOf({ approval, breakGlass }: RecordedRun): Readonly<Record<string, Json>> {
  return {
    ...(approval === undefined ? {} : { approval: { ...approval, keyids: [...approval.keyids] } }),
    ...(breakGlass === undefined ? {} : { breakGlass: { ...breakGlass } }),
  };
}

/** Says who is about to do what; durable before anything is performed. */
export function intentEntry(run: RecordedRun): LedgerEntry {
  return {
    v: 1,
    kind: 'operation.intent',
    id: run.runId,
    at: wallAt(),
    actor: run.actor,
    action: run.operation,
    target: targetOf(run.input),
    outcome: 'open',
    ref: run.ref,
    data: { input: fitted(run.input), changes: fitted(run.plan.changes), planSha256: run.planSha256, ...permitOf(run) },
  };
}

/** Says how it ended. */
export function doneEntry(run: RecordedRun, result: RunResult): LedgerEntry {
  return {
    v: 1,
    kind: 'operation.done',
    id: run.runId,
    at: wallAt(),
    actor: run.actor,
    action: run.operation,
    target: targetOf(run.input),
    outcome: result.outcome,
    ref: run.ref,
    data: {
      summary: result.summary.slice(0, MAX_SUMMARY_CHARACTERS),
      tookMs: Math.round(result.tookMs * 1000) / 1000,
      planSha256: run.planSha256,
      ...permitOf(run),
      ...(result.code === undefined ? {} : { code: result.code, errorId: result.errorId ?? null }),
      ...(result.appliedVersion === undefined ? {} : { appliedVersion: result.appliedVersion }),
      ...(result.evidence === undefined ? {} : { evidence: fitted(result.evidence) }),
    },
  };
}
