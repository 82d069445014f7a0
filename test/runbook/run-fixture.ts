import { afterEach } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import type { Config } from '../../src/core/config.ts';
import { catalogue as realCatalogue } from '../../src/operations/catalogue.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { openDoor } from '../../src/operations/door.ts';
import { openRecorder } from '../../src/operations/recorder.ts';
import type { RunDetails, StepDetails } from '../../src/runbook/run-model.ts';
import type { RunParts } from '../../src/runbook/run-parts.ts';
import { startBody } from '../../src/runbook/run-requests.ts';
import { openRunService } from '../../src/runbook/run-service.ts';
import type { RunService } from '../../src/runbook/run-service.ts';
import type { StartRunBody, RunStreamEvents, RunView } from '../../src/runbook/run-view.ts';
import { NO_TRUSTED_RUNBOOKS } from '../../src/runbook/trusted-runbooks.ts';
import type { TrustedRunbooks } from '../../src/runbook/trusted-runbooks.ts';
import type { Actor } from '../../src/services/people/service.ts';
import { hasEnded } from '../../src/services/runs/service.ts';
import type { DurableEngine } from '../../src/services/runs/service.ts';
import { defaultPolicy, memoryApprovals } from '../fixtures/memory-approvals.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { MemoryEngineStore, MemoryRunStore, openMemoryEngine } from '../fixtures/memory-runs.ts';
import { memoryServices, personWith } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

export interface RunFixture {
  readonly log: MemoryLedger;
  readonly services: MemoryServices;
  readonly store: MemoryRunStore<RunDetails, StepDetails>;
  readonly parts: RunParts;
  readonly runs: RunService;
  /** People of the fixture beside those who joined it. */
  readonly known: Map<string, Actor>;
  /** Starts a run of section S by an administrator. */
  start(text: string, changes?: Partial<StartRunBody>, actor?: Actor): Promise<RunView>;
  /** The same, and waits until it has ended. */
  run(text: string, changes?: Partial<StartRunBody>, actor?: Actor): Promise<RunView>;
  ended(id: string): Promise<RunView>;
  /** Waits until the run is as it is said. */
  until(id: string, is: (view: RunView) => boolean): Promise<RunView>;
  /** As after a stop of the process: nothing in memory is left. */
  restart(): Promise<RunFixture>;
  /** As after a kill: what is being performed stands still, and nobody hears of it. */
  kill(): Promise<RunFixture>;
  close(): Promise<void>;
}

interface FixtureOptions {
  readonly catalogue?: readonly CatalogueEntry[];
  readonly trusted?: TrustedRunbooks;
  readonly policy?: Partial<Config['approvals']>;
  readonly parts?: Partial<RunParts>;
}

interface Lasting {
  readonly log: MemoryLedger;
  readonly operationRuns: MemoryOperationRuns;
  readonly services: MemoryServices;
  readonly store: MemoryRunStore<RunDetails, StepDetails>;
  readonly engine: MemoryEngineStore;
  readonly known: Map<string, Actor>;
}

/** The real door and the real operations over services in memory. */
export function runFixture(options: FixtureOptions = {}): Promise<RunFixture> {
  const services = memoryServices();
  const approvals = memoryApprovals(services.people, defaultPolicy(options.policy));
  const lasting: Lasting = {
    log: new MemoryLedger(),
    operationRuns: new MemoryOperationRuns(),
    services: { ...services, approvals },
    store: new MemoryRunStore(),
    engine: new MemoryEngineStore(),
    known: new Map(),
  };
  return open(options, lasting);
}

async function open(options: FixtureOptions, lasting: Lasting): Promise<RunFixture> {
  const { log, operationRuns, services, store, engine, known } = lasting;
  const catalogue = options.catalogue ?? realCatalogue;
  let memoryEngine: DurableEngine | undefined;
  const parts: RunParts = {
    catalogue,
    door: openDoor({ catalogue, services, log, runs: operationRuns }),
    recorder: openRecorder(log, services.home.spool),
    recordedSince: log.recordedSince,
    logName: log.name,
    logSize: () => log.size(),
    store,
    openEngine: (body) => {
      memoryEngine = openMemoryEngine(engine, body);
      return Promise.resolve(memoryEngine);
    },
    people: {
      find: async (id) => {
        const actor = known.get(id);
        if (actor?.kind !== 'person') return services.people.find(id);
        return { id, name: actor.name, role: actor.role, createdAt: '2026-01-01T00:00:00.000Z', removedAt: null };
      },
    },
    approvals: services.approvals,
    trusted: options.trusted ?? NO_TRUSTED_RUNBOOKS,
    gate: services,
    home: services.home,
    confirmLeadership: () => Promise.resolve(),
    onLeadershipLost: () => undefined,
    onEvent: () => undefined,
    ...options.parts,
  };
  const runs = await openRunService(parts);
  const system: Actor = { kind: 'system', id: 'system' };

  function until(id: string, is: (view: RunView) => boolean): Promise<RunView> {
    return new Promise((resolve) => {
      const stop = runs.follow(id, system, (name, data) => {
        if (name !== 'run' || !is(data as RunStreamEvents['run'])) return;
        queueMicrotask(() => {
          stop();
        });
        resolve(data as RunStreamEvents['run']);
      });
    });
  }

  const ended = (id: string): Promise<RunView> => until(id, ({ state }) => hasEnded(state));
  const start = (text: string, changes: Partial<StartRunBody> = {}, actor = personWith('admin')): Promise<RunView> => {
    known.set(actor.id, actor);
    return runs.start(startBody.parse({ text, section: 'S', runId: newId('run'), ...changes }), actor);
  };
  return {
    log,
    services,
    store,
    parts,
    runs,
    known,
    start,
    until,
    ended,
    run: async (text, changes, actor) => ended((await start(text, changes, actor)).id),
    kill: async () => {
      await memoryEngine?.close();
      return open(options, lasting);
    },
    restart: async () => {
      await runs.close();
      return open(options, lasting);
    },
    close: async () => {
      await runs.close();
      services.remove();
    },
  };
}

/** `runFixture` for a test file: what it makes is closed after each test. */
export function closingFixtures(): typeof runFixture {
  const made: RunFixture[] = [];
  const kept = (fixture: RunFixture): RunFixture => {
    made.push(fixture);
    const kill = async (): Promise<RunFixture> => {
      made.splice(made.indexOf(fixture), 1);
      return kept(await fixture.kill());
    };
    return { ...fixture, kill, restart: async () => kept(await fixture.restart()) };
  };
  afterEach(async () => {
    for (const fixture of made.splice(0)) await fixture.close();
  });
  return async (options) => kept(await runFixture(options));
}

/** Every process may be started, in this folder. */
export function trustedIn(folder: string, timeoutMs = 60_000): TrustedRunbooks {
  return { find: () => ({ folder, timeoutMs }) };
}

/** Waits for what a step needs from people. */
export function waits(kind: NonNullable<RunView['waitsFor']>['kind']): (view: RunView) => boolean {
  return ({ waitsFor }) => waitsFor?.kind === kind;
}

export function document(...lines: readonly string[]): string {
  return `# S\n\n\`\`\`bash\n${lines.join('\n')}\n\`\`\`\n`;
}
