import { asRecord } from '../core/json.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { OperationReport } from '../operations/report.ts';
import { kebabCase } from '../runbook/operation-options.ts';
import type { Output } from './output.ts';

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(valueText).join(', ');
  const record = asRecord(value);
  if (record === undefined) return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.entries(record)
    .map(([name, member]) => `${kebabCase(name)}=${valueText(member)}`)
    .join(' ');
}

/** Aligned fields, one on a line; a list of objects gives one line each. */
function fieldLines(output: unknown): readonly string[] {
  const fields = Object.entries(asRecord(output) ?? { result: output });
  const width = Math.max(...fields.map(([name]) => kebabCase(name).length));
  return fields.flatMap(([name, value]) => {
    const label = kebabCase(name).replaceAll('-', ' ').padEnd(width);
    const isTable = Array.isArray(value) && value.some((item) => asRecord(item) !== undefined);
    if (!isTable) return [`${label}  ${valueText(value)}`];
    return value.map((item, index) => `${index === 0 ? label : ' '.repeat(width)}  ${valueText(item)}`);
  });
}

/** An operation's output as its declaration draws it; as aligned fields without a drawing, or when another way gave another shape. */
export function outputLines(declaration: OperationDeclaration, output: unknown): readonly string[] {
  if (output === null || output === undefined) return [];
  if (declaration.render === undefined || !declaration.output.safeParse(output).success) return fieldLines(output);
  return declaration.render(output);
}

/** `--json`: the report as it is. Else the output on stdout, the summary in words. */
export function printReport(output: Output, declaration: OperationDeclaration, report: OperationReport): void {
  if (output.json) {
    output.object(report);
    return;
  }
  if (report.dryRun) {
    for (const change of report.plan.changes) output.data(change);
  } else {
    for (const line of outputLines(declaration, report.output)) output.data(line);
  }
  for (const note of report.dryRun ? report.plan.notes : []) output.words(`note: ${note}`);
  output.words(report.summary);
  if (report.recorded === 'spool') output.words('The record waits in spool/; the next start of the control plane appends it to the ledger.');
  if (report.recorded === 'none') output.words('No record could be written: neither the ledger nor spool/ took it.');
}
