import { ElulmcError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import type { AbortBody, ResumeBody, RunView } from '../runbook/run-view.ts';
import { controlAddress } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';

/** Path of a run in the control API. USAGE when the id cannot be one. */
export function runPath(id: string): string {
  if (!isId('run', id)) throw new ElulmcError('USAGE', `"${id.slice(0, 60)}" is no id of a run; elulmc runbook show lists the newest runs`, { field: 'run' });
  return `/v1/runbooks/runs/${id}`;
}

export async function findRun(session: Session, id: string, signal: AbortSignal): Promise<RunView> {
  return (await ask(controlAddress(session.context), { path: runPath(id), signal })) as RunView;
}

/** Sends something to a run and gives the run as it is then. */
export async function sendToRun(session: Session, id: string, verb: 'resume' | 'abort', body: ResumeBody | AbortBody, signal: AbortSignal): Promise<RunView> {
  return (await ask(controlAddress(session.context), { path: `${runPath(id)}/${verb}`, body, signal })) as RunView;
}
