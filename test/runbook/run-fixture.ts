import { newId } from '../../src/core/ids.ts';
import { catalogue as realCatalogue } from '../../src/operations/catalogue.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { openDoor } from '../../src/operations/door.ts';
import { openRecorder } from '../../src/operations/recorder.ts';
import { runRunbook } from '../../src/runbook/run.ts';
import type { RunParts, RunRequest } from '../../src/runbook/run.ts';
import type { RunEvents, RunReport } from '../../src/runbook/run-events.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices, personWith } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

export interface RunFixture {
  readonly log: MemoryLedger;
  readonly runs: MemoryOperationRuns;
  readonly services: MemoryServices;
  readonly parts: RunParts;
  readonly events: (readonly [name: string, data: unknown])[];
  run(text: string, changes?: Partial<RunRequest>): Promise<RunReport>;
}

/** The real door and the real operations over services in memory. */
export function runFixture(catalogue: readonly CatalogueEntry[] = realCatalogue): RunFixture {
  const services = memoryServices();
  const log = new MemoryLedger();
  const runs = new MemoryOperationRuns();
  const parts: RunParts = {
    catalogue,
    door: openDoor({ catalogue, services, log, runs }),
    recorder: openRecorder(log, services.home.spool),
    runs,
    logSize: () => log.size(),
    stopping: new AbortController().signal,
  };
  const events: (readonly [string, unknown])[] = [];
  return {
    log,
    runs,
    services,
    parts,
    events,
    run: (text, changes = {}) =>
      runRunbook(parts, {
        text,
        section: 'S',
        offered: [],
        runId: newId('run'),
        actor: personWith('admin'),
        prose: 'refuse',
        signal: new AbortController().signal,
        emit: <N extends keyof RunEvents>(name: N, data: RunEvents[N]) => void events.push([name, data]),
        askParameters: () => Promise.reject(new Error('no parameters expected')),
        askPerson: () => Promise.reject(new Error('no question expected')),
        ...changes,
      }),
  };
}

export function document(...lines: readonly string[]): string {
  return `# S\n\n\`\`\`bash\n${lines.join('\n')}\n\`\`\`\n`;
}
