import { asElulmcError, ElulmcError } from '../core/errors.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { ScheduleDefinition } from '../services/schedules/definition.ts';
import { readRunbookFile } from './parse.ts';
import { prepareRun } from './prepare.ts';
import { checkedValues } from './run-requests.ts';
import type { StartRequest } from './run-requests.ts';
import { findNamedRunbook } from './runbook-files.ts';
import type { TrustedRunbooks } from './trusted-runbooks.ts';

/** What schedules read before they start a run. */
export interface ScheduleSources {
  readonly catalogue: readonly CatalogueEntry[];
  /** Where runbooks are looked for, the first folder first. */
  readonly folders: readonly string[];
  readonly trusted: TrustedRunbooks;
}

/**
 * The run that a schedule asks for, with the text that its runbook has now. Steps for a person wait for one. RUNBOOK_INVALID,
 * RUNBOOK_STEP_UNBOUND, USAGE or FIELD_INVALID when it could not be run as a whole; FIELD_INVALID too for a secret in `set`.
 */
export async function scheduledRequest({ runbook, section, set }: ScheduleDefinition, sources: ScheduleSources): Promise<StartRequest> {
  const text = readRunbookFile(findNamedRunbook(runbook, sources.folders));
  const prepared = await prepareRun(sources.catalogue, text, section ?? undefined, sources.trusted);
  const [secret] = Object.keys(checkedValues(prepared, set).secrets);
  if (secret !== undefined) {
    const sentence = `set.${secret}: it is a secret, and secrets do not stand in config.yaml: run this section by hand, with --set-file`;
    throw new ElulmcError('FIELD_INVALID', sentence, { field: `set.${secret}` });
  }
  return { text, section: section ?? undefined, parameters: set, prose: 'wait' };
}

/** Why the run of a schedule could not be started now; null when it could. */
export async function scheduledRunProblem(schedule: ScheduleDefinition, sources: ScheduleSources): Promise<string | null> {
  try {
    await scheduledRequest(schedule, sources);
    return null;
  } catch (error) {
    return asElulmcError(error).message;
  }
}
