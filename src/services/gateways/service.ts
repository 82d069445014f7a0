/** What one gateway worker told about itself last. */
export interface WorkerStatus {
  readonly slot: number;
  readonly log: string;
  readonly postureVersion: number;
  readonly killSwitch: boolean;
  readonly leaseAgeMs: number;
  readonly activeRequests: number;
  readonly activeStreams: number;
  /** Running requests that the last change of the posture or the kill switch ended. */
  readonly cutByLastChange: number;
}

export interface GatewayStatus {
  readonly name: string;
  readonly reachable: boolean;
  readonly workers: readonly WorkerStatus[];
}

/** The control plane's view of the gateways. */
export interface GatewayService {
  status(): Promise<readonly GatewayStatus[]>;
  /**
   * Waits until every reachable worker has applied at least `version`, at most `timeoutMs`.
   * Safety never depends on it (the lease does that); it is for what an operator wants to read.
   */
  waitForVersion(
    version: number,
    timeoutMs: number,
  ): Promise<{ readonly applied: boolean; readonly gateways: readonly GatewayStatus[]; readonly tookMs: number }>;
}
