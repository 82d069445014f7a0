import { canonicalJson } from '../../core/canonical-json.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { ApprovalStatement, Effect } from './service.ts';

function refuse(code: ErrorCode, detail: string): never {
  throw new ElulmcError(code, detail);
}

/** What a person should read of a difference, short. */
function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}...` : text);
}

/** APPROVAL_OTHER_INSTALLATION, APPROVAL_OTHER_ENVIRONMENT. */
export function checkPlace(statement: ApprovalStatement, place: { readonly installation: string; readonly environment: string }): void {
  if (statement.installation !== place.installation)
    refuse('APPROVAL_OTHER_INSTALLATION', `it was given for ${shown(statement.installation)}; this is ${place.installation}`);
  if (statement.environment !== place.environment)
    refuse('APPROVAL_OTHER_ENVIRONMENT', `it was given for the environment ${shown(statement.environment)}; this is ${place.environment}`);
}

/** APPROVAL_OTHER_OPERATION, APPROVAL_OTHER_INPUT. */
export function checkCall(statement: ApprovalStatement, effect: Effect): void {
  if (statement.operation !== effect.operation)
    refuse('APPROVAL_OTHER_OPERATION', `it was given for ${shown(statement.operation)}; this call is ${effect.operation}`);
  if (canonicalJson(statement.input) !== canonicalJson(effect.input)) {
    const names = new Set([...Object.keys(statement.input), ...Object.keys(effect.input)]);
    const different = [...names].filter((name) => canonicalJson(statement.input[name] ?? null) !== canonicalJson(effect.input[name] ?? null));
    refuse('APPROVAL_OTHER_INPUT', `it was given for another ${different.sort().join(', ') || 'set of inputs'}`);
  }
}

/** APPROVAL_POLICY_CHANGED unless the policy is the one of the request, and asks for no more than it did. */
export function checkPolicy(statement: ApprovalStatement, effect: Effect): void {
  const { required, sha256 } = statement.policy;
  if (sha256 !== effect.policy.sha256) refuse('APPROVAL_POLICY_CHANGED', 'the section approvals of config.yaml was changed after the request');
  if (effect.policy.required > required)
    refuse('APPROVAL_POLICY_CHANGED', `the call needs the approval of ${String(effect.policy.required)} people; the request asked ${String(required)}`);
}

/** APPROVAL_OTHER_PLAN, APPROVAL_OTHER_VERSION. */
export function checkPlan(statement: ApprovalStatement, effect: Effect): void {
  if (canonicalJson(statement.changes) !== canonicalJson(effect.changes)) {
    const added = effect.changes.find((change) => !statement.changes.includes(change));
    const gone = statement.changes.find((change) => !effect.changes.includes(change));
    const what =
      added !== undefined ? `not approved: ${shown(added)}` : gone !== undefined ? `approved, but not planned now: ${shown(gone)}` : 'the order differs';
    refuse('APPROVAL_OTHER_PLAN', `the plan differs from the approved one; ${what}`);
  }
  const signed = new Map(statement.touches.map(({ object, version }) => [object, version]));
  const changed = effect.touches.find(({ object, version }) => signed.get(object) !== version);
  if (changed !== undefined) refuse('APPROVAL_OTHER_VERSION', `${changed.object} was changed after the request`);
  if (effect.touches.length !== statement.touches.length) refuse('APPROVAL_OTHER_VERSION', 'the plan touches other objects than the approved one');
}

/**
 * Whether the plan is what is left of the signed one: fewer of the same changes, to objects in the signed versions. That is how
 * a call looks that was interrupted after it had begun and is repeated: it must be able to end.
 */
export function isRest(statement: ApprovalStatement, effect: Effect): boolean {
  const signed = new Map(statement.touches.map(({ object, version }) => [object, version]));
  return (
    effect.changes.length < statement.changes.length &&
    effect.changes.every((change) => statement.changes.includes(change)) &&
    effect.touches.every(({ object, version }) => signed.get(object) === version)
  );
}
