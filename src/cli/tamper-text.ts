import type { TamperReport } from '../drills/tamper-report.ts';

const TIME_WIDTH = 7;

/** The report of the drill `tamper` for a person: each fact with the time at which it was seen. */
export function tamperText(report: TamperReport): string {
  const { model, flipped, ledger } = report;
  const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
  return [
    `Drill ${report.drill} (scratch installation): ${report.ok ? 'passed' : 'FAILED'}`,
    '',
    ...report.facts.flatMap(({ fact, holds, found, atMs }) => [
      `${String(atMs).padStart(TIME_WIDTH)} ms  ${holds ? 'yes' : 'NO '}  ${fact}`,
      `${' '.repeat(TIME_WIDTH)}          ${found}`,
    ]),
    '',
    `  model                          ${model.name}, ${String(model.files)} ${model.files === 1 ? 'file' : 'files'}, ${String(model.bytes)} bytes`,
    `  flipped byte                   offset ${String(flipped.offset)}, ${hex(flipped.before)} to ${hex(flipped.after)}`,
    `  flipped byte to exit 7         ${String(report.detectedMs)} ms`,
    `  restored byte to exit 0        ${String(report.clearedMs)} ms`,
    `  ledger from genesis            ${ledger.verified ? 'verified' : 'NOT VERIFIED'}: ${ledger.logs.map((log) => `${log.name} (${String(log.size)})`).join(', ')}`,
    ...report.failures.map((failure) => `  failed: ${failure}`),
  ].join('\n');
}
