export interface RunOptions {
  /** The whole environment of the child. */
  readonly env: Readonly<Record<string, string>>;
  /** Numeric user and group to run as; only root can ask for them. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How this room starts programs. Child processes belong to services/processes, so the caller hands this in. */
export interface ProcessRunner {
  /** Runs to the end. A program that cannot be started gives code 127 and the reason in stderr; never rejects. */
  run(argv: readonly string[], options: RunOptions & { readonly timeoutMs: number }): Promise<{ code: number; stdout: string; stderr: string }>;
  /**
   * Starts a program that outlives this process: own session, no pipes, stdout and stderr appended to `logFile`, not waited for at exit.
   * `failed` resolves when it could not be started or has ended; never rejects. `pid` is 0 when it could not be started.
   */
  detach(argv: readonly string[], options: RunOptions & { readonly logFile: string }): { readonly pid: number; readonly failed: Promise<Error> };
}
