import { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import type { IsolationTarget } from '../services/posture/service.ts';
import type { ApiKey, Isolation, PostureSnapshot } from '../services/posture/snapshot.ts';

/** Input fields that name what to isolate or to resume. */
export const targetFields = {
  model: z.string().min(1).optional().describe('Public model name.'),
  upstream: z.string().min(1).optional().describe('Name of a model server.'),
  key: z
    .string()
    .min(1)
    .refine((key) => !key.startsWith('elk_'), 'give the id (key_...) or the name of the key, never its text')
    .optional()
    .describe('Id or name of an API key; never its text.'),
};

export const isolatedFields = z.array(z.object({ scope: z.enum(['all', 'model', 'upstream', 'key']), target: z.string().nullable() }));

export interface NamedTargets {
  readonly model?: string | undefined;
  readonly upstream?: string | undefined;
  readonly key?: string | undefined;
}

const MAX_CANDIDATES = 20;

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, MAX_CANDIDATES).join(', ');
  return names.length > MAX_CANDIDATES ? `${shown} and ${String(names.length - MAX_CANDIDATES)} more` : shown;
}

function modelNames(posture: PostureSnapshot): readonly string[] {
  return posture.routes.map((route) => route.model);
}

function upstreamNames(posture: PostureSnapshot): readonly string[] {
  return posture.upstreams.map((upstream) => upstream.name);
}

function keysNamed(posture: PostureSnapshot, name: string): readonly ApiKey[] {
  return [...posture.keys.values()].filter((key) => key.id === name || key.name === name);
}

function known(field: string, name: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  throw new ElulmcError('NOT_FOUND', `there is no ${field} "${name}"; known: ${listed(names)}`, { field });
}

function keyTarget(posture: PostureSnapshot, name: string): IsolationTarget {
  const keys = keysNamed(posture, name);
  const [key] = keys;
  if (key === undefined) throw new ElulmcError('NOT_FOUND', `there is no API key "${name}"`, { field: 'key' });
  if (keys.length > 1) throw new ElulmcError('USAGE', `several API keys are named "${name}": ${listed(keys.map((each) => each.id))}`, { field: 'key' });
  return { scope: 'key', target: key.id };
}

/** The targets that the options name; empty when they name none. NOT_FOUND names an unknown one and lists what there is. */
export function namedTargets(posture: PostureSnapshot, input: NamedTargets): readonly IsolationTarget[] {
  const targets: IsolationTarget[] = [];
  if (input.model !== undefined) targets.push({ scope: 'model', target: known('model', input.model, modelNames(posture)) });
  if (input.upstream !== undefined) targets.push({ scope: 'upstream', target: known('upstream', input.upstream, upstreamNames(posture)) });
  if (input.key !== undefined) targets.push(keyTarget(posture, input.key));
  return targets;
}

/** The one model, upstream or key of this name. USAGE when it names things of several kinds. */
export function anyTarget(posture: PostureSnapshot, name: string): IsolationTarget {
  const found: IsolationTarget[] = [];
  if (modelNames(posture).includes(name)) found.push({ scope: 'model', target: name });
  if (upstreamNames(posture).includes(name)) found.push({ scope: 'upstream', target: name });
  found.push(...keysNamed(posture, name).map((key): IsolationTarget => ({ scope: 'key', target: key.id })));
  const [target] = found;
  if (target === undefined) throw new ElulmcError('NOT_FOUND', `"${name}" is no model, upstream or key; ${candidates(posture)}`, { field: 'target' });
  if (found.length > 1) {
    const options = found.map((each) => `--${each.scope} ${String(each.target)}`).join(' or ');
    throw new ElulmcError('USAGE', `"${name}" names more than one thing: use ${options}`, { field: 'target' });
  }
  return target;
}

/** What could be named, for the sentence of an error. */
export function candidates(posture: PostureSnapshot): string {
  return `models: ${listed(modelNames(posture))}; upstreams: ${listed(upstreamNames(posture))}`;
}

export function isIsolated(posture: PostureSnapshot, target: IsolationTarget): boolean {
  return posture.isolations.some((isolation) => isolation.scope === target.scope && isolation.target === target.target);
}

/** `upstream primary`, `everything`. */
export function targetText(target: IsolationTarget | Isolation): string {
  return target.scope === 'all' ? 'everything' : `${target.scope} ${String(target.target)}`;
}
