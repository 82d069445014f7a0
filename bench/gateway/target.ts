/** One program that stands between the load and the mock, or nothing at all (`direct`). */
export interface Target {
  readonly name: string;
  /** Base URL, ending in /v1. */
  readonly url: string;
  /** Sent as bearer key to this target. */
  readonly apiKey: string;
  /** Processes whose CPU and memory are its cost; their descendants count too. Empty for `direct`. */
  readonly pids: readonly number[];
  /** The processes of `pids` that serve requests. */
  readonly workers: readonly number[];
  /** Processes that belong to the installation but serve no request; reported apart, descendants that are in `pids` excluded. */
  readonly otherPids: readonly number[];
  /** Name and version, for the report. */
  readonly version: string;
}

/** A bearer key of the length that every target is sent (47 characters); only ELULMC looks at it. */
export const ANY_KEY = `sk-${'b'.repeat(44)}`;
