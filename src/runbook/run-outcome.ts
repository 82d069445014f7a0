import type { ElulmcError } from '../core/errors.ts';
import { toProblem } from '../core/errors.ts';
import { EXIT, worseExit } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { OperationReport } from '../operations/report.ts';
import { isOver } from './run-model.ts';
import type { RunRecord, StepDetails, StepRow } from './run-model.ts';
import type { RunState } from './run-view.ts';

/** How a step ended. */
export type StepEnd = { readonly state: RunState } & Pick<StepDetails, 'exit' | 'summary' | 'ends'> & Partial<StepDetails>;

/** A finding ends the run where the operation is a gate (design, section 7). */
function findingEnds(declaration: OperationDeclaration): boolean {
  return (declaration.onFinding ?? (declaration.risk === 'read' ? 'continue' : 'stop')) === 'stop';
}

/** Violated integrity and the wish of a person are never passed over, whatever the runbook says. */
function mayGoOn(exit: ExitCode, continueOnError: boolean): boolean {
  return continueOnError && exit !== EXIT.integrityViolation && exit !== EXIT.interrupted;
}

/** The report as it is stored: what is shown once stays out. */
function storedReport(report: OperationReport, shownOnce: readonly string[]): OperationReport {
  const { output } = report;
  if (shownOnce.length === 0 || typeof output !== 'object' || output === null) return report;
  return { ...report, output: Object.fromEntries(Object.entries(output).map(([name, value]) => [name, shownOnce.includes(name) ? SHOWN_ONCE : value])) };
}

/** Stands where a value was that is stored nowhere. */
const SHOWN_ONCE = '(was shown once)';

export function reported(declaration: OperationDeclaration, report: OperationReport, continueOnError: boolean): StepEnd {
  const bad = report.exit === EXIT.integrityViolation || (report.exit !== EXIT.ok && findingEnds(declaration));
  const ends = bad && !mayGoOn(report.exit, continueOnError);
  const stored = storedReport(report, declaration.shownOnce ?? []);
  return { state: ends ? 'failed' : 'succeeded', exit: report.exit, summary: report.summary, ends, report: stored, problem: null };
}

/** A text without the values that must not be seen. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '[not shown]')), text);
}

export function failed(error: ElulmcError, continueOnError: boolean, secrets: readonly string[] = []): StepEnd {
  const problem = toProblem(error);
  const detail = withoutSecrets(problem.detail, secrets);
  return {
    state: 'failed',
    exit: error.row.exit,
    summary: detail,
    ends: !mayGoOn(error.row.exit, continueOnError),
    problem: { ...problem, detail, error: { ...problem.error, message: detail } },
  };
}

function worstExit(steps: readonly StepRow[]): ExitCode {
  return steps.filter(isOver).reduce<ExitCode>((worst, step) => worseExit(worst, step.details.exit), EXIT.ok);
}

/** How the run ends after its last step. */
export function runEnd({ steps }: RunRecord): { readonly state: 'succeeded' | 'failed'; readonly exit: ExitCode; readonly summary: string } {
  const last = steps.find(({ details }) => details.ends);
  const exit = worstExit(steps);
  if (last === undefined) return { state: 'succeeded', exit, summary: `All ${String(steps.length)} steps were gone through.` };
  const { shown, summary } = last.details;
  const where = `at line ${String(shown.line)} (${shown.operation ?? shown.text}): ${summary}`;
  const count = `${String(steps.filter(isOver).length)} of ${String(steps.length)} steps`;
  return { state: 'failed', exit, summary: `The run ended after ${count} ${where}`.slice(0, 1000) };
}
