/** Exit codes of every command (design, section 5). Scripts and runbook conditions tell them apart. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  finding: 3,
  approvalMissing: 4,
  notAllowed: 5,
  upstreamUnavailable: 6,
  integrityViolation: 7,
  inconclusive: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** From worst to best: the exit code of a run is that of its worst step. */
const SEVERITY: readonly ExitCode[] = [7, 1, 6, 5, 2, 4, 3, 8, 0];

/** The worse of two exit codes by the order that a runbook run uses. */
export function worseExit(a: ExitCode, b: ExitCode): ExitCode {
  if (a === EXIT.interrupted || b === EXIT.interrupted) return EXIT.interrupted;
  return SEVERITY.indexOf(a) <= SEVERITY.indexOf(b) ? a : b;
}
