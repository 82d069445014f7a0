import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { ApiKey, PostureSnapshot, RouteDefinition, UpstreamDefinition } from '../services/posture/snapshot.ts';
import { sessionPublicKey } from '../vault/session-token.ts';
import { unwrapSubjectKey } from '../vault/subject-key.ts';

const MAX_SUBJECT_KEYS = 10_000;

/** One snapshot of the posture, indexed for the questions that a request asks. */
export class PostureView {
  readonly snapshot: PostureSnapshot;
  readonly keysById = new Map<string, ApiKey>();
  readonly routes = new Map<string, RouteDefinition>();
  readonly upstreams = new Map<string, UpstreamDefinition>();
  readonly isolatedAll: boolean;
  readonly isolatedKeys: ReadonlySet<string>;
  readonly isolatedModels: ReadonlySet<string>;
  readonly isolatedUpstreams: ReadonlySet<string>;
  /** Upstreams that serve an isolated model: closed to pass-through, where the model cannot be seen. */
  readonly shadowedUpstreams: ReadonlySet<string>;
  readonly sessionKey: KeyObject | undefined;

  constructor(snapshot: PostureSnapshot) {
    this.snapshot = snapshot;
    for (const key of snapshot.keys.values()) this.keysById.set(key.id, key);
    for (const route of snapshot.routes) this.routes.set(route.model, route);
    for (const upstream of snapshot.upstreams) this.upstreams.set(upstream.name, upstream);
    const targets = (scope: string): Set<string> =>
      new Set(snapshot.isolations.filter((isolation) => isolation.scope === scope).map((isolation) => isolation.target ?? ''));
    this.isolatedAll = snapshot.isolations.some((isolation) => isolation.scope === 'all');
    this.isolatedKeys = targets('key');
    this.isolatedModels = targets('model');
    this.isolatedUpstreams = targets('upstream');
    this.shadowedUpstreams = shadowed(snapshot.routes, this.isolatedModels);
    this.sessionKey = readSessionKey(snapshot.sessionKey);
  }

  /** Whether the witness trusts the log of this name at this size. A log that it never saw is new, not suspect. */
  trusts(log: string, size: number): boolean {
    const head = this.snapshot.heads.find((seen) => seen.log === log);
    return head === undefined || (!head.refused && size >= head.size);
  }
}

function shadowed(routes: readonly RouteDefinition[], models: ReadonlySet<string>): Set<string> {
  const hit = routes.filter((route) => models.has(route.model));
  return new Set(hit.flatMap((route) => [...route.targets, ...(route.backup === null ? [] : [route.backup])].map((target) => target.upstream)));
}

/** Without a usable key no session token is valid; API keys do not depend on it. */
function readSessionKey(spki: string): KeyObject | undefined {
  try {
    return sessionPublicKey(spki);
  } catch {
    return undefined;
  }
}

/** Opens the wrapped keys of subjects, each once. */
export class SubjectKeys {
  readonly #master: Buffer;
  readonly #opened = new Map<string, KeyObject>();

  constructor(master: Buffer) {
    this.#master = master;
  }

  /** Undefined when the subject is unknown or erased, or its key does not open: nothing of it can be recorded then. */
  of(snapshot: PostureSnapshot, subject: string): KeyObject | undefined {
    const wrapped = snapshot.subjects.get(subject)?.wrappedKey;
    if (wrapped === undefined || wrapped === null) return undefined;
    const known = this.#opened.get(wrapped);
    if (known !== undefined) return known;
    let key: KeyObject;
    try {
      key = createSecretKey(unwrapSubjectKey(this.#master, wrapped, subject));
    } catch {
      return undefined;
    }
    if (this.#opened.size >= MAX_SUBJECT_KEYS) this.#opened.clear();
    this.#opened.set(wrapped, key);
    return key;
  }
}
