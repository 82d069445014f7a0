import { existsSync } from 'node:fs';
import type { RegisteredModel } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { modelTarget } from '../models/target.ts';

/** What the scanned model is compared with. */
export interface ScanBaseline {
  /** Absolute. */
  readonly path: string;
  /** As it is shown. */
  readonly target: string;
  readonly from: 'given' | 'registry';
}

/** The version that the caller named; for a registered model without one the previous version, when its files are there. */
export async function scanBaseline(
  context: OperationContext,
  given: string | undefined,
  registered: RegisteredModel | null,
): Promise<{ readonly baseline: ScanBaseline | null; readonly note: string | null }> {
  if (given !== undefined) {
    const { path, registered: named } = await modelTarget(context, given, 'baseline');
    return { baseline: { path, target: named === null ? given : `${named.name}@${named.version}`, from: 'given' }, note: null };
  }
  if (registered === null) return { baseline: null, note: null };
  const previous = await context.services.registry.previous(registered);
  if (previous === undefined) return { baseline: null, note: `${registered.name} has no earlier registered version to compare with` };
  const name = `${previous.name}@${previous.version}`;
  if (!existsSync(previous.location))
    return { baseline: null, note: `the files of ${name}, the previous version, are not there any more: nothing was compared with them` };
  return {
    baseline: { path: previous.location, target: name, from: 'registry' },
    note: `the files of ${name} are taken as they are: verify-model says whether they are still those that were registered`,
  };
}
