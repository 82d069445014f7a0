import type { ApiKey, IsolationScope, Isolation, KeyLimits, PassThrough, PostureSnapshot, RouteDefinition, UpstreamDefinition } from './snapshot.ts';

/** Who changes the posture and under which run: the same run id applies a change once, however often it is asked. */
export interface ChangeAuthor {
  readonly actor: string;
  readonly runId: string;
  /** `security emergency-isolation`: stored with the version. */
  readonly operation: string;
}

export interface IsolationTarget {
  readonly scope: IsolationScope;
  readonly target: string | null;
}

export interface PostureChanged {
  /** Version that carries the change (an earlier one when this run id had applied it already). */
  readonly version: number;
  /** False when nothing had to change. */
  readonly changed: boolean;
}

/** What config.yaml declares; written into the posture at the start of the control plane. */
export interface DeclaredRouting {
  readonly streamGraceMs: number;
  readonly upstreams: readonly UpstreamDefinition[];
  /** `active` is kept from the posture where the route exists already. */
  readonly routes: readonly Omit<RouteDefinition, 'active'>[];
  readonly passThrough: readonly PassThrough[];
}

export interface NewKey {
  readonly name: string;
  readonly subject: string;
  readonly models: readonly string[] | null;
  readonly limits: KeyLimits;
}

/**
 * The only writer of the posture. Every change is one transaction: rows, version + 1, NOTIFY.
 * All methods fail with DATABASE_UNAVAILABLE when the database cannot be reached.
 */
export interface PostureService {
  read(): Promise<PostureSnapshot>;
  isolate(targets: readonly IsolationTarget[], reason: string, author: ChangeAuthor): Promise<PostureChanged>;
  /** Lifts the named isolations; null lifts all. Returns what was lifted. */
  lift(targets: readonly IsolationTarget[] | null, author: ChangeAuthor): Promise<PostureChanged & { readonly lifted: readonly Isolation[] }>;
  /** Raises the installation's session generation. */
  voidSessions(author: ChangeAuthor): Promise<PostureChanged & { readonly generation: number }>;
  /** Marks keys revoked and raises their generation; null revokes all. Returns the ids. NOT_FOUND names an unknown key. */
  revokeKeys(keyIds: readonly string[] | null, author: ChangeAuthor): Promise<PostureChanged & { readonly revoked: readonly string[] }>;
  /** Makes the subject (with a new subject key) where it is new. The key text is shown once and never stored. */
  issueKey(key: NewKey, author: ChangeAuthor): Promise<PostureChanged & { readonly key: ApiKey; readonly text: string }>;
  /** Moves routes to one side. NOT_FOUND names an unknown model; CONFLICT a route without a backup. */
  moveRoutes(models: readonly string[], to: 'primary' | 'backup', author: ChangeAuthor): Promise<PostureChanged & { readonly moved: readonly string[] }>;
  declare(routing: DeclaredRouting, author: ChangeAuthor): Promise<PostureChanged>;
  /** Version that a run applied, or undefined when it applied none: how an intent without a result is resolved. */
  appliedBy(runId: string): Promise<number | undefined>;
}
