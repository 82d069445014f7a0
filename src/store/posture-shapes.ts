/** The posture as it is stored and read; services/posture/snapshot.ts tells what the fields mean. */

export interface IsolationRow {
  readonly scope: 'all' | 'model' | 'upstream' | 'key';
  readonly target: string | null;
  readonly reason: string;
  readonly author: string;
  readonly at: string;
}

export interface UpstreamRow {
  readonly name: string;
  readonly url: string;
  readonly engine: 'vllm' | 'sglang' | 'llama.cpp' | 'ollama' | 'embedded';
  readonly tokenFile: string | null;
}

export interface RouteTargetRow {
  readonly upstream: string;
  readonly model: string;
  readonly weight: number;
}

export interface RouteRow {
  readonly model: string;
  readonly targets: readonly RouteTargetRow[];
  readonly backup: RouteTargetRow | null;
  readonly active: 'primary' | 'backup';
}

export interface PassThroughRow {
  readonly path: string;
  readonly upstream: string;
}

export interface KeyRow {
  readonly id: string;
  readonly sha256: string;
  readonly name: string;
  readonly subject: string;
  readonly generation: number;
  readonly revokedAt: string | null;
  readonly models: readonly string[] | null;
  readonly limits: { readonly concurrency: number | null; readonly requestsPerMinute: number | null; readonly tokensPerMinute: number | null };
}

export interface SubjectRow {
  readonly id: string;
  readonly wrappedKey: string | null;
}

export interface HeadRow {
  readonly log: string;
  readonly size: number;
  readonly root: string;
  readonly refused: boolean;
}

/** Everything that a version says, with those keys and subjects only that changed after a known version. */
export interface PostureRows {
  readonly installationId: string;
  readonly sessionGeneration: number;
  readonly sessionKey: string;
  readonly streamGraceMs: number;
  readonly isolations: readonly IsolationRow[];
  readonly upstreams: readonly UpstreamRow[];
  readonly routes: readonly RouteRow[];
  readonly passThrough: readonly PassThroughRow[];
  readonly keys: readonly KeyRow[];
  readonly subjects: readonly SubjectRow[];
}

/** Rows that a change of the posture is about. */
export interface IsolationTargetRow {
  readonly scope: IsolationRow['scope'];
  readonly target: string | null;
}

/** Who makes a change of the posture, and under which run. */
export interface ChangeAuthorRow {
  readonly actor: string;
  readonly runId: string;
  readonly operation: string;
}
