import { ElulmcError } from '../../core/errors.ts';
import type { GateFault, RegisteredModel, Stage } from './service.ts';

/** The way to production, and the ways back. `quarantined` is reached from everywhere. */
const NEXT: Readonly<Record<Stage, readonly Stage[]>> = {
  registered: ['validated', 'retired'],
  validated: ['staging', 'retired'],
  staging: ['production', 'validated', 'retired'],
  production: ['validated', 'retired'],
  retired: [],
  quarantined: ['registered'],
};

/** Stages that no result of a gate keeps a model out of: there it serves nobody. */
export const OUT_OF_USE: readonly Stage[] = ['retired', 'quarantined'];

export function isOutOfUse(stage: Stage): boolean {
  return OUT_OF_USE.includes(stage);
}

/** Whether it is the way back of a version that served. Old results do not keep it in the stage that it must leave. */
export function isWayBack(from: Stage, to: Stage): boolean {
  return to === 'validated' && (from === 'staging' || from === 'production');
}

/** Where a model may go from this stage. */
export function stagesAfter(stage: Stage): readonly Stage[] {
  return stage === 'quarantined' ? NEXT.quarantined : [...NEXT[stage], 'quarantined'];
}

function nameOf({ name, version }: RegisteredModel): string {
  return `${name}@${version}`;
}

/**
 * GATE_NOT_MET when a gate was violated, whatever the stage; then STAGE_NOT_REACHABLE; then GATE_NOT_MET with one line for each fault.
 * A model that is in the stage already is refused for faults too: who asks learns that it should not be there.
 */
export function refuseMove(model: RegisteredModel, to: Stage, faults: readonly GateFault[]): void {
  const violated = faults.some(({ violated: yes }) => yes);
  if (!violated && model.stage !== to && !stagesAfter(model.stage).includes(to)) {
    const next = stagesAfter(model.stage).join(', ');
    throw new ElulmcError('STAGE_NOT_REACHABLE', `${nameOf(model)} is ${model.stage}: from there it goes to ${next}, not to ${to}`, { field: 'stage' });
  }
  if (faults.length === 0) return;
  const lines = faults.map(({ gate, fault, command }) => `\n  ${gate}: ${fault}; ${command}`);
  throw new ElulmcError('GATE_NOT_MET', `${nameOf(model)} (${model.stage}) may not be in ${to}:${lines.join('')}`, { field: 'stage' });
}
