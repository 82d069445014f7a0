import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import { grants, rolesWith } from '../services/people/roles.ts';
import type { OperationContext } from './context.ts';

/** Whether `path` lies in `folder`, by links too. Both must be there. */
function isBelow(path: string, folder: string): boolean {
  const way = relative(realpathSync(folder), realpathSync(path));
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}

/**
 * The absolute path that an input field of `hostPaths` names: in the caller's own process from the current folder, then from the models of
 * the home; in the control plane from the models of the home, and elsewhere on its host for who may operate.
 * NOT_FOUND when nothing is there, NOT_ALLOWED; both name the field.
 */
export function readableHere(context: OperationContext, given: string, field: string): string {
  const found = pathHere(context, given, field);
  if (found !== undefined) return found;
  const where = context.local ? 'here or in' : 'on the host of the control plane, in';
  throw new ElulmcError('NOT_FOUND', `${field}: there is no ${JSON.stringify(given)} ${where} ${context.services.home.models}`, { field });
}

/** As `readableHere`; undefined when nothing is there. */
export function pathHere(context: OperationContext, given: string, field: string): string | undefined {
  const { models } = context.services.home;
  const below = join(models, given);
  const candidates = isAbsolute(given) ? [given] : context.local ? [resolve(given), below] : [below];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined || context.local || mayReadAnywhere(context)) return path;
  if (existsSync(models) && isBelow(path, models)) return path;
  throw new ElulmcError('NOT_ALLOWED', `${field}: outside of ${models} the control plane reads files for ${rolesWith('operate').join(' or ')} only`, { field });
}

function mayReadAnywhere({ actor }: OperationContext): boolean {
  return actor.kind === 'system' || (actor.kind === 'person' && grants(actor.role, 'operate'));
}
