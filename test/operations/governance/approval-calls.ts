import { catalogue } from '../../../src/operations/catalogue.ts';
import { openDoor } from '../../../src/operations/door.ts';
import type { Door } from '../../../src/operations/door.ts';
import type { OperationReport } from '../../../src/operations/report.ts';
import type { Actor } from '../../../src/services/people/service.ts';
import { defaultPolicy, memoryApprovals } from '../../fixtures/memory-approvals.ts';
import { MemoryLedger } from '../../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../../fixtures/memory-operation-runs.ts';
import { memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { signatory } from '../../services/approvals/approval-bench.ts';
import type { Signatory } from '../../services/approvals/approval-bench.ts';

/** The whole catalogue behind a door, under a policy that asks for two people. */
export class ApprovalCalls {
  readonly services: MemoryServices;
  readonly log = new MemoryLedger();
  readonly door: Door;
  operator!: Signatory;
  first!: Signatory;
  second!: Signatory;

  constructor() {
    const services = memoryServices();
    this.services = { ...services, approvals: memoryApprovals(services.people, defaultPolicy({ change: 2 })) };
    this.door = openDoor({ catalogue, services: this.services, log: this.log, runs: new MemoryOperationRuns() });
  }

  async start(): Promise<void> {
    this.operator = await signatory(this.services.people, 'operator', 'Olga');
    this.first = await signatory(this.services.people, 'approver', 'First');
    this.second = await signatory(this.services.people, 'approver', 'Second');
  }

  actor({ person: { id, name, role } }: Signatory): Actor {
    return { kind: 'person', id, name, role };
  }

  governance(
    name: string,
    input: object,
    who: Signatory | Actor = this.operator,
    more: { readonly runId?: string; readonly ref?: string } = {},
  ): Promise<OperationReport> {
    const actor = 'person' in who ? this.actor(who) : who;
    return this.door.call({ room: 'governance', name, input, actor, signal: new AbortController().signal, ...more });
  }

  /** Id of a request for activate-backup. */
  async request(more: object = {}): Promise<string> {
    const report = await this.governance('request', { operation: 'deployment activate-backup', reason: 'the primary is slow', ...more });
    return (report.output as { request: string }).request;
  }

  stop(): void {
    this.services.remove();
  }
}
