import { z } from 'zod';
import { ElulmcError } from '../../src/core/errors.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { defineOperation } from '../../src/operations/declaration.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { Door } from '../../src/operations/door.ts';
import type { OperationCall } from '../../src/operations/report.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices, personWith } from '../fixtures/operation-services.ts';

/** A door over everything in memory, and one operation, `audits probe`, that does what a test wants. */
export class DoorBench {
  readonly services = memoryServices();
  readonly log = new MemoryLedger();
  readonly runs = new MemoryOperationRuns();
  /** What happened, in order. */
  readonly events: string[] = [];

  constructor() {
    this.log.onAppend = (entry) => this.events.push(`${entry.kind} ${entry.outcome}`);
    const open = this.runs.open.bind(this.runs);
    this.runs.open = (run) => {
      this.events.push('row');
      return open(run);
    };
  }

  door(...catalogue: CatalogueEntry[]): Door {
    const { services, log, runs } = this;
    return openDoor({ catalogue, services, log, runs });
  }

  /** Everything that the operation is asked to do is an event. */
  probe(changes: Partial<OperationDeclaration> = {}): CatalogueEntry {
    const declaration = {
      ...defineOperation({
        room: 'audits',
        name: 'probe',
        runbookLine: null,
        summary: 'A probe.',
        description: 'A probe.',
        risk: 'change',
        permission: 'operate',
        approvals: 0,
        input: z.strictObject({
          target: z.string().optional(),
          password: z.string().optional(),
          who: z.string().optional(),
          count: z.coerce.number().int().default(1),
        }),
        secrets: ['password'],
        personal: ['who'],
        output: z.object({ done: z.boolean() }),
        frameworks: {},
        examples: [],
        undo: 'none',
        plan: () => {
          this.events.push('plan');
          return Promise.resolve({ changes: ['turn the probe'], notes: ['it is a probe'] });
        },
        perform: () => {
          this.events.push('perform');
          return Promise.resolve({ output: { done: true }, verdict: 'ok', summary: 'Turned.' });
        },
      }),
      ...changes,
    } as OperationDeclaration;
    const { room, name, risk } = declaration;
    return { room, name, runbookLine: null, summary: '', risk, local: null, load: () => Promise.resolve(declaration) };
  }
}

export function callOf(changes: Partial<OperationCall> = {}): OperationCall {
  return { room: 'audits', name: 'probe', input: {}, actor: personWith('operator'), signal: new AbortController().signal, ...changes };
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ElulmcError ? error.code : `no ElulmcError: ${String(error)}`;
}
