import { newId } from '../../src/core/ids.ts';
import { asRecord } from '../../src/core/json.ts';
import { signWithKey } from '../../src/services/approvals/signature.ts';
import { askUntilAnswered } from '../fixtures/control-plane.ts';
import type { Answer, SignedInPerson } from '../fixtures/control-plane.ts';
import type { Scene } from './scene.ts';

/** Answers to a signature that came too late to count, because an earlier one was answered to nobody. */
const TOO_LATE = ['APPROVAL_USED', 'APPROVAL_IN_USE'];

function callAs(scene: Scene, person: SignedInPerson, name: string, input: object, runId: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${person.token}`, 'content-type': 'application/json', 'x-run-id': runId };
  return askUntilAnswered(scene.hosts, `/v1/operations/governance/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
}

/** People who sign what they are asked for, each with a key of their own, and go on until they are answered. */
export class Approvers {
  readonly #scene: Scene;
  /** The run id of each signature: a repeated call is the same call. */
  readonly #runIds = new Map<string, string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async sign(request: string, signed: readonly string[]): Promise<void> {
    for (const person of this.#scene.approvers) if (!signed.includes(person.id)) await this.#signAs(person, request);
  }

  async #signAs(person: SignedInPerson, request: string): Promise<void> {
    const shown = await callAs(this.#scene, person, 'approvals', { request }, newId('run'));
    const [asked] = (asRecord(shown.body['output'])?.['requests'] ?? []) as readonly unknown[];
    const payload = asRecord(asked)?.['payload'];
    if (typeof payload !== 'string') throw new Error(`${request} cannot be read: ${JSON.stringify(shown)}`);
    const key = `${request} ${person.id}`;
    const runId = this.#runIds.get(key) ?? newId('run');
    this.#runIds.set(key, runId);
    const answer = await callAs(this.#scene, person, 'approve', { request, ...signWithKey(person.privateKey, payload) }, runId);
    if (answer.status !== 200 && !TOO_LATE.includes(String(answer.body['code']))) throw new Error(`${request} cannot be signed: ${JSON.stringify(answer)}`);
  }
}
