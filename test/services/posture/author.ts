import { newId } from '../../../src/core/ids.ts';
import type { ChangeAuthor } from '../../../src/services/posture/service.ts';

/** Somebody under a new run. */
export function author(runId = newId('run')): ChangeAuthor {
  return { actor: 'per_test', runId, operation: 'test' };
}
