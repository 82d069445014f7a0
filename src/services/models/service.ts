import type { UpstreamLoad } from '../../upstreams/adapter.ts';
import type { RouteTarget, UpstreamDefinition } from '../posture/snapshot.ts';

export interface WarmUp {
  readonly upstream: string;
  readonly model: string;
  readonly tookMs: number;
  /** What the backup answered to the warm-up request, at most 200 characters. */
  readonly answer: string;
}

/** Model servers as the control plane sees them. */
export interface ModelService {
  load(upstream: UpstreamDefinition): Promise<UpstreamLoad>;
  /**
   * Wakes the model where the engine can, waits for health and sends one real request of one token.
   * UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT or UPSTREAM_INVALID when it does not answer well.
   */
  warm(upstream: UpstreamDefinition, target: RouteTarget): Promise<WarmUp>;
}
