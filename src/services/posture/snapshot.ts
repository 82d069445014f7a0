/** The posture: everything a gateway needs to decide about a request, one snapshot under one version. */

export type IsolationScope = 'all' | 'model' | 'upstream' | 'key';

export interface Isolation {
  readonly scope: IsolationScope;
  /** Model name, upstream name or key id; null for `all`. */
  readonly target: string | null;
  readonly reason: string;
  readonly author: string;
  readonly at: string;
}

export type EngineKind = 'vllm' | 'sglang' | 'llama.cpp' | 'ollama' | 'embedded';

export interface UpstreamDefinition {
  readonly name: string;
  /** Origin and optional prefix, no trailing slash: `http://127.0.0.1:8000`. Paths `/v1/...` are appended. */
  readonly url: string;
  readonly engine: EngineKind;
  /** File on the gateway host with the bearer token that the upstream wants; null for none. */
  readonly tokenFile: string | null;
}

export interface RouteTarget {
  readonly upstream: string;
  /** Name of the model on that upstream. */
  readonly model: string;
  /** Share of the traffic relative to the other targets; at least 1. */
  readonly weight: number;
}

export interface RouteDefinition {
  /** Public model name. */
  readonly model: string;
  readonly targets: readonly RouteTarget[];
  readonly backup: RouteTarget | null;
  /** Which side serves now. Only activate-backup and resume-operations --restore-routes move it. */
  readonly active: 'primary' | 'backup';
}

export interface PassThrough {
  /** Path prefix, starts with `/`. */
  readonly path: string;
  readonly upstream: string;
}

/** Null means: not limited. */
export interface KeyLimits {
  readonly concurrency: number | null;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export interface ApiKey {
  readonly id: string;
  /** Lower-case hex SHA-256 of the whole key text. */
  readonly sha256: string;
  readonly name: string;
  readonly subject: string;
  /** Raised to void every session token of this key. */
  readonly generation: number;
  readonly revokedAt: string | null;
  /** Public model names, or null for all. */
  readonly models: readonly string[] | null;
  readonly limits: KeyLimits;
}

export interface Subject {
  readonly id: string;
  /** base64 of nonce(12) || ciphertext(32) || tag(16), AES-256-GCM under the installation's subject key; null once erased. */
  readonly wrappedKey: string | null;
}

export interface LogHeadSeen {
  readonly log: string;
  readonly size: number;
  readonly root: string;
  /** Set when the witness found the log behind or forked: its gateway worker stays closed. */
  readonly refused: boolean;
}

export interface PostureSnapshot {
  readonly version: number;
  readonly installationId: string;
  /** Session tokens with another generation are void; a raise also ends every running request. */
  readonly sessionGeneration: number;
  /** base64 SPKI DER of the Ed25519 key that signs session tokens. */
  readonly sessionKey: string;
  /** How long running streams survive the end of the lease; 0 to 30,000. */
  readonly streamGraceMs: number;
  readonly isolations: readonly Isolation[];
  readonly upstreams: readonly UpstreamDefinition[];
  readonly routes: readonly RouteDefinition[];
  readonly passThrough: readonly PassThrough[];
  readonly keys: ReadonlyMap<string, ApiKey>;
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly heads: readonly LogHeadSeen[];
}

/** The upstreams that a route sends traffic to now. */
export function activeTargets(route: RouteDefinition): readonly RouteTarget[] {
  if (route.active === 'backup' && route.backup !== null) return [route.backup];
  return route.targets;
}
