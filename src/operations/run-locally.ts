import { monotonicMs, wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import { newId } from '../core/ids.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { OperationServices } from './context.ts';
import type { Performed, Plan } from './declaration.ts';
import { parseFields } from './parse-fields.ts';
import { EXIT_OF, asOperationError } from './passage.ts';
import { planDigest, without } from './plan-digest.ts';
import type { OperationReport } from './report.ts';

export interface LocalCall {
  readonly home: Home;
  readonly input: unknown;
  readonly uid: number;
  /** Plan only. */
  readonly dryRun?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

function planned({ changes }: Plan): Performed<null> {
  const count = changes.length;
  return { output: null, verdict: 'ok', summary: count === 0 ? 'Dry run: nothing would change.' : `Dry run: ${String(count)} planned, none made.` };
}

/**
 * Performs a `local` operation in the caller's own process. It reads files of this host, changes nothing that the door
 * guards, and is recorded nowhere. OPERATION_UNKNOWN for an operation that is not local.
 */
export async function runLocally(entry: CatalogueEntry, call: LocalCall): Promise<OperationReport> {
  const operation = `${entry.room} ${entry.name}`;
  if (entry.local === null) throw new ElulmcError('OPERATION_UNKNOWN', `${operation} runs in the control plane only`);
  const declaration = await entry.load();
  const input = parseFields(declaration.input, call.input);
  const startedAt = wallAt();
  const startedMs = monotonicMs();
  const runId = newId('run');
  const context = {
    actor: { kind: 'local', id: `local:${String(call.uid)}` } as const,
    runId,
    ref: null,
    // The contract of `local`: nothing but the home is there.
    services: { home: call.home } as OperationServices,
    local: true,
    signal: call.signal,
    progress: call.onProgress,
    plan: () => Promise.reject(new ElulmcError('OPERATION_UNKNOWN', `${operation} runs in this process, where no other operation can be planned`)),
  };
  try {
    const plan = await declaration.plan(context, input);
    const { output, verdict, summary } = call.dryRun === true ? planned(plan) : await declaration.perform(context, input);
    return {
      runId,
      operation,
      dryRun: call.dryRun === true,
      verdict,
      exit: EXIT_OF[verdict],
      summary,
      plan,
      planSha256: planDigest(operation, without(input, declaration.secrets), plan.changes),
      output,
      startedAt,
      tookMs: monotonicMs() - startedMs,
      approval: null,
      recorded: 'local',
      entries: { intent: null, done: null },
    };
  } catch (thrown) {
    throw asOperationError(thrown, call.signal);
  }
}
