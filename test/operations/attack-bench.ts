import { createHash } from 'node:crypto';
import { z } from 'zod';
import { createStoredRuns } from '../../src/app/stored-runs.ts';
import { newId } from '../../src/core/ids.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { defineOperation } from '../../src/operations/declaration.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { Door } from '../../src/operations/door.ts';
import type { OperationCall, OperationReport } from '../../src/operations/report.ts';
import { createBreakGlassService } from '../../src/services/approvals/break-glass.ts';
import type { ApprovalRequest, ApprovalService } from '../../src/services/approvals/service.ts';
import { signedBytesOf } from '../../src/services/approvals/signature.ts';
import { tokenFrom } from '../../src/services/approvals/token.ts';
import { passkeyVerifier } from '../../src/services/approvals/verify-passkey.ts';
import { createPasskeys } from '../../src/services/people/passkeys.ts';
import { createPeopleService } from '../../src/services/people/people-service.ts';
import type { Actor, PeopleService } from '../../src/services/people/service.ts';
import type { Database } from '../../src/store/database.ts';
import { defaultPolicy } from '../fixtures/memory-approvals.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { memoryServices } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';
import { SoftwareAuthenticator } from '../fixtures/software-authenticator.ts';
import type { Misbehavior } from '../fixtures/software-authenticator.ts';
import { approvalsOn, envelopeSignature, signatory, signedBy } from '../services/approvals/approval-bench.ts';
import type { BenchOptions, Signatory } from '../services/approvals/approval-bench.ts';

export const POLICY = defaultPolicy({ change: 2 });
/** How browsers reach this control plane. */
const SITE = { origin: 'http://localhost:4181', rpId: 'localhost' };

/** An approval by two people, and its token. */
export interface Approved {
  readonly request: ApprovalRequest;
  readonly token: string;
}

/** A door over a real database, with operations whose plans and effects a test can see and change. */
export class AttackBench {
  readonly database: Database;
  readonly people: PeopleService;
  readonly services: MemoryServices;
  readonly log = new MemoryLedger();
  /** What the plans say now. */
  world = { version: 'v1', changes: ['turn the probe', 'tell it'], touches: true };
  /** Inputs that were performed. */
  readonly performed: unknown[] = [];
  /** What `perform` waits for. */
  gate: Promise<unknown> = Promise.resolve();
  requester!: Signatory;
  first!: Signatory;
  second!: Signatory;

  constructor(database: Database) {
    this.database = database;
    this.people = createPeopleService(database);
    this.services = memoryServices();
  }

  async start(): Promise<void> {
    this.requester = await signatory(this.people, 'operator', 'Requester');
    this.first = await signatory(this.people, 'approver', 'First');
    this.second = await signatory(this.people, 'approver', 'Second');
  }

  approvals(options: BenchOptions = {}): ApprovalService {
    return this.#approvalsOn(this.database, options);
  }

  #approvalsOn(database: Database, options: BenchOptions): ApprovalService {
    return approvalsOn(database, { policy: POLICY, verifyPasskey: passkeyVerifier(() => SITE), ...options });
  }

  /** One door is one control plane: it has its own locks, and on another `database` its own connections. */
  door(options: BenchOptions = {}, database = this.database): Door {
    const services = { ...this.services, people: this.people, approvals: this.#approvalsOn(database, options), breakGlass: createBreakGlassService(database) };
    return openDoor({ catalogue: [this.#operation('probe'), this.#operation('twin')], services, log: this.log, runs: createStoredRuns(database, 'control') });
  }

  /** The requester's call under this approval. */
  use(approval: NonNullable<OperationCall['approval']>): Promise<OperationReport> {
    return this.door().call(this.call({ approval }));
  }

  /** What was performed and recorded so far is what had to be. */
  forget(): void {
    this.performed.length = 0;
    this.log.entries.length = 0;
  }

  /** An approver who has a passkey signs with it; `wrong` in the way that is said. */
  async approveWithPasskey({ id, payload }: ApprovalRequest, wrong: Misbehavior = {}): Promise<ApprovalRequest> {
    const { person } = await signatory(this.people, 'approver', 'Third');
    const authenticator = new SoftwareAuthenticator(SITE.origin);
    const passkeys = createPasskeys(this.database, () => SITE);
    const { key } = await passkeys.checkNew(person.id, authenticator.create(await passkeys.offerTo(person)), 'phone');
    const { id: keyId } = await this.people.addKey(person.id, key);
    const challenge = createHash('sha256').update(signedBytesOf(payload)).digest('base64url');
    // The first use raises the counter of the authenticator and of the server, as a sign-in does.
    await this.people.raiseCounter(keyId, 1);
    authenticator.get({ challenge, rpId: SITE.rpId });
    const { authenticatorData, clientDataJSON, signature } = authenticator.get({ challenge, rpId: SITE.rpId }, wrong).response;
    const text = Buffer.from(JSON.stringify({ authenticatorData, clientDataJSON, signature })).toString('base64url');
    return this.approvals().sign(id, person.id, { keyId, text });
  }

  #operation(name: string): CatalogueEntry {
    const declaration: OperationDeclaration = defineOperation({
      room: 'audits',
      name,
      runbookLine: null,
      summary: 'A probe.',
      description: 'A probe.',
      risk: 'change',
      permission: 'read',
      approvals: 1,
      input: z.strictObject({ target: z.string().default('demo') }),
      output: z.object({ done: z.boolean() }),
      frameworks: {},
      examples: [],
      undo: 'none',
      plan: () => {
        const { changes, touches, version } = this.world;
        return Promise.resolve({ changes, notes: [], ...(touches ? { touches: [{ object: 'route:demo', version }] } : {}) });
      },
      perform: async (_context, input) => {
        await this.gate;
        this.performed.push(input);
        return { output: { done: true }, verdict: 'ok', summary: 'Turned.' };
      },
    });
    return { room: 'audits', name, runbookLine: null, summary: '', risk: 'change', local: null, load: () => Promise.resolve(declaration) };
  }

  actor(who: Signatory = this.requester): Actor {
    const { id, name, role } = who.person;
    return { kind: 'person', id, name, role };
  }

  call(changes: Partial<OperationCall> = {}): OperationCall {
    return { room: 'audits', name: 'probe', input: {}, actor: this.actor(), signal: new AbortController().signal, ...changes };
  }

  /** A request for the probe as the world is now. */
  async request(options: BenchOptions & { readonly validForMs?: number; readonly requester?: string } = {}): Promise<ApprovalRequest> {
    const { changes, version, touches } = this.world;
    const approvals = this.approvals(options);
    const effect = {
      operation: 'audits probe',
      input: { target: 'demo' },
      changes,
      touches: touches ? [{ object: 'route:demo', version }] : [],
      policy: approvals.policyFor('audits probe', 'change', 1),
    };
    const requester = options.requester ?? this.requester.person.id;
    return approvals.open({ runId: newId('run'), requester, effect, reason: 'a test', ref: null, validForMs: options.validForMs });
  }

  /** The same, signed by two people. */
  async approved(options: BenchOptions & { readonly validForMs?: number } = {}): Promise<Approved> {
    const { request, token } = await this.approvedElsewhere(options);
    const approvals = this.approvals(options);
    const signed = await signedBy(approvals, request, this.first, this.second);
    return { request: signed, token };
  }

  /** The same, signed without the server ever hearing of it. */
  async approvedElsewhere(options: BenchOptions & { readonly validForMs?: number } = {}): Promise<Approved> {
    const request = await this.request(options);
    return {
      request,
      token: tokenFrom(
        request.payload,
        [this.first, this.second].map((by) => envelopeSignature(request.payload, by)),
      ),
    };
  }

  intents(): number {
    return this.log.entries.filter(({ kind }) => kind === 'operation.intent').length;
  }

  async execute(text: string, values: unknown[]): Promise<void> {
    await this.database.transaction(({ connection }) => connection.query({ text, values }));
  }

  stop(): void {
    this.services.remove();
  }
}
