/** Sizes in bytes, times in milliseconds. */
export interface GatewaySettings {
  readonly maxBodyBytes: number;
  /** Largest answer that is collected before it is sent; larger answers have to be streamed. */
  readonly maxAnswerBytes: number;
  /** Largest single event of a stream. */
  readonly maxEventBytes: number;
  /** From the first byte of a request to the end of its head. */
  readonly headTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly connectTimeoutMs: number;
  /** From the request to the model server's head: generous, a long prompt is read in silence. */
  readonly firstByteTimeoutMs: number;
  /** Longest silence of a model server inside an answer. There is no limit on the whole answer. */
  readonly idleTimeoutMs: number;
  /** Longest time that a client may not take what was sent to it. */
  readonly stalledClientMs: number;
  /** After a cut, how long a client may take to receive the closing event before its connection is closed. */
  readonly cutGraceMs: number;
  /** Age of the oldest entry that waits for the disk, above which nothing more is served. */
  readonly ledgerStallMs: number;
  /** Tokens reserved for a request that does not say how many it wants. */
  readonly defaultTokenReserve: number;
  readonly probeIntervalMs: number;
  /** Connections per upstream; a stream holds one for as long as it runs. */
  readonly connections: number;
  readonly heartbeatMs: number;
}

export const DEFAULT_SETTINGS: GatewaySettings = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxAnswerBytes: 8 * 1024 * 1024,
  maxEventBytes: 1024 * 1024,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveMs: 65_000,
  connectTimeoutMs: 3_000,
  firstByteTimeoutMs: 300_000,
  idleTimeoutMs: 120_000,
  stalledClientMs: 60_000,
  cutGraceMs: 500,
  ledgerStallMs: 5_000,
  defaultTokenReserve: 1_024,
  probeIntervalMs: 2_000,
  connections: 16_384,
  heartbeatMs: 300_000,
};
