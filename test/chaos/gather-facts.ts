import { existsSync, readFileSync } from 'node:fs';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { verifiedEntries } from '../fixtures/control-plane.ts';
import type { RunView } from '../../src/runbook/run-view.ts';
import { markFile, PROCESSES } from './chaos-runbook.ts';
import type { DrivenRun } from './run-driver.ts';
import type { Scene } from './scene.ts';
import type { Facts } from './verdict.ts';

function linesOf(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).length : 0;
}

async function logsOf(scene: Scene): Promise<readonly (readonly LedgerEntry[])[]> {
  const logs: (readonly LedgerEntry[])[] = [];
  for (const { host } of scene.keepers) logs.push(await verifiedEntries(host, scene.installationId));
  return logs;
}

/** Reads what the database, the ledgers and the files say. Call when no control plane runs any more. Rejects when a ledger does not verify. */
export async function gatherFacts(scene: Scene, ended: readonly { readonly run: DrivenRun; readonly view: RunView }[]): Promise<Facts> {
  const ids = async (query: string): Promise<string[]> => (await scene.select<{ id: string }>(query)).map(({ id }) => id);
  const [installation] = await scene.select<{ generation: number }>('select session_generation::int as generation from installation');
  return {
    runs: ended.map(({ run: { id, decisions }, view }) => ({
      view,
      decisions,
      marks: Object.fromEntries(PROCESSES.map((index) => [index, linesOf(markFile(scene.folder, id, index))])),
    })),
    logs: await logsOf(scene),
    postureChanges: await scene.select('select run_id as "runId", change from posture_change'),
    keyNames: (await scene.select<{ name: string }>('select name from api_key')).map(({ name }) => name),
    changeRequests: await scene.select('select run_id as "runId", title from change_request'),
    approvals: await scene.select(
      'select ref, used_by as "usedBy", (select count(*)::int from approval_signature where request = id) as people from approval_request',
    ),
    openRows: await ids('select id from operation_run where outcome is null'),
    openRuns: await ids('select id from runbook_run where ended_at is null'),
    leftOver: [
      ...(await ids("select 'the route of ' || model as id from route where active <> 'primary'")),
      ...(await ids("select 'the isolation of ' || coalesce(target, scope) as id from isolation")),
    ],
    sessionGeneration: installation?.generation ?? 0,
  };
}
