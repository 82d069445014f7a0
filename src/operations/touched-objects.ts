import { sha256OfJson } from '../core/canonical-json.ts';
import type { Touched } from '../services/approvals/service.ts';
import { readKillSwitch } from '../services/posture/kill-switch-file.ts';
import type { IsolationTarget } from '../services/posture/service.ts';
import type { PostureSnapshot } from '../services/posture/snapshot.ts';

/**
 * The objects of the posture as plans name them, each with a digest of everything about it: `route:demo`, `model:demo`,
 * `upstream:primary`, `key:key_...`, `installation`, `killswitch`.
 */

/** A route with the definitions of the model servers behind it. */
export function touchedRoute(posture: PostureSnapshot, model: string): Touched {
  const route = posture.routes.find((candidate) => candidate.model === model);
  const names = new Set([...(route?.targets ?? []), route?.backup ?? null].map((target) => target?.upstream));
  const upstreams = posture.upstreams.filter(({ name }) => names.has(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { object: `route:${model}`, version: sha256OfJson({ route: route ?? null, upstreams }) };
}

/** What is isolated, with its isolation. */
export function touchedIsolation(posture: PostureSnapshot, { scope, target }: IsolationTarget): Touched {
  const isolation = posture.isolations.find((candidate) => candidate.scope === scope && candidate.target === target) ?? null;
  return { object: scope === 'all' ? 'installation' : `${scope}:${target ?? ''}`, version: sha256OfJson({ isolation }) };
}

/** The kill-switch file of this host. */
export function touchedKillSwitch(path: string): Touched {
  return { object: 'killswitch', version: sha256OfJson({ killSwitch: readKillSwitch(path) ?? null }) };
}
