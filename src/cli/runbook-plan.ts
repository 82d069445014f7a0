import { EXIT } from '../core/exit-codes.ts';
import type { RunbookPlan } from '../runbook/run-view.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';
import { knownParameters, readSettings } from './parameter-values.ts';
import { askPlan, chosenSection, readRunbook } from './runbook-run.ts';
import type { SectionOptions } from './runbook-run.ts';
import { oneLine, sectionText } from './runbook-state-text.ts';

interface PlanOptions extends SectionOptions {
  readonly set?: readonly string[];
  readonly setFile?: readonly string[];
}

type PlannedStep = RunbookPlan['steps'][number];

const INDENT = ' '.repeat(6);

function durationOf(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
  ];
  const [size, unit] = units.find(([each]) => ms % each === 0) ?? [1_000, 's'];
  return `${String(ms / size)}${unit}`;
}

function attributeText({ approvals, timeoutMs, continueOnError }: PlannedStep): string {
  const parts = [
    ...(approvals === 0 ? [] : [`${String(approvals)} ${approvals === 1 ? 'approval' : 'approvals'} needed`]),
    ...(timeoutMs === null ? [] : [`timeout ${durationOf(timeoutMs)}`]),
    ...(continueOnError ? ['the run goes on after a failure'] : []),
  ];
  return parts.length === 0 ? '' : `  [${parts.join('; ')}]`;
}

function stepLines(step: PlannedStep, index: number): readonly string[] {
  const { kind, operation, name, text, line, plan, note } = step;
  const what = kind === 'prose' ? 'for a person' : (operation ?? 'process');
  const changes = plan === null ? [] : plan.changes.length === 0 ? ['nothing would change'] : plan.changes.map((change) => `- ${change}`);
  return [
    `${String(index + 1).padStart(3)}.  ${what}${name === null ? '' : ` (${name})`}, line ${String(line)}${attributeText(step)}`,
    `${INDENT}${oneLine(text)}`,
    ...changes.map((change) => `${INDENT}${change}`),
    ...(plan?.notes ?? []).map((each) => `${INDENT}note: ${each}`),
    ...(note === null ? [] : [`${INDENT}${note}`]),
  ];
}

function needLines({ needs }: RunbookPlan): readonly string[] {
  const width = Math.max(0, ...needs.map(({ name }) => name.length));
  return needs.map(({ name, secret, optional, description }) => {
    const words = [...(secret ? ['secret'] : []), ...(optional ? ['optional'] : [])];
    return `  ${name.padEnd(width)}  ${description}${words.length === 0 ? '' : ` (${words.join(', ')})`}`;
  });
}

/** `runbook plan`: what each step would change now. Exits 3 when a command cannot be planned. */
export async function planFile(session: Session, file: string, options: PlanOptions): Promise<void> {
  const settings = readSettings(options.set ?? [], options.setFile ?? [], session.context.runbookParameter);
  const section = chosenSection(options);
  const text = readRunbook(session, file);
  const plan = await interruptible(async (signal) => {
    const { needs } = await askPlan(session, { text, ...section, preview: false }, signal);
    return askPlan(session, { text, ...section, parameters: knownParameters(settings, needs) }, signal);
  });
  const { output } = session;
  const unplanned = plan.steps.filter((step) => step.kind === 'command' && step.plan === null).length;
  session.exit = unplanned > 0 ? EXIT.finding : EXIT.ok;
  if (output.json) {
    output.object(plan);
    return;
  }
  output.data(`${sectionText(plan)}: ${String(plan.steps.length)} ${plan.steps.length === 1 ? 'step' : 'steps'}`);
  for (const [index, step] of plan.steps.entries()) for (const line of stepLines(step, index)) output.data(line);
  if (plan.needs.length > 0) output.data('Parameters:');
  for (const line of needLines(plan)) output.data(line);
  output.words('Nothing was changed. Each plan is made from how things are now, before the steps above it.');
  if (unplanned > 0) output.words(`${String(unplanned)} ${unplanned === 1 ? 'step' : 'steps'} could not be planned.`);
}
