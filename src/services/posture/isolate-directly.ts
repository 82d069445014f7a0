import { isolateOverConnection } from '../../store/emergency-isolation.ts';
import type { ChangeAuthor, IsolationTarget } from './service.ts';

export interface DirectIsolation {
  readonly databaseUrl: string;
  /** `active-upstreams`: those that routes send traffic to at the moment of the write. */
  readonly targets: readonly IsolationTarget[] | 'active-upstreams';
  readonly reason: string;
  readonly author: ChangeAuthor;
  /** For everything: connecting, writing and the answer to the commit. */
  readonly timeoutMs: number;
}

export interface DirectlyIsolated {
  readonly version: number;
  readonly changed: boolean;
  /** What this run isolated; empty when all of it was isolated before. */
  readonly isolated: readonly IsolationTarget[];
}

/**
 * Isolation without the control plane: the same transaction as the posture service's, over a connection of its own. Loads nothing
 * but `pg`. DATABASE_UNAVAILABLE whenever it is not certain that the change is committed; the caller then writes the kill switch.
 */
export async function isolateDirectly(isolation: DirectIsolation): Promise<DirectlyIsolated> {
  const { version, changed, summary } = await isolateOverConnection(isolation);
  return { version, changed, isolated: summary?.isolated ?? [] };
}
