import { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { Plan } from '../operations/declaration.ts';
import type { Door } from '../operations/door.ts';
import type { ApprovalService } from '../services/approvals/service.ts';
import type { Actor } from '../services/people/service.ts';
import { argvOf, inputOf, parameterNeeds } from './parameters.ts';
import type { ParameterValues } from './parameters.ts';
import { prepareRun } from './prepare.ts';
import type { PreparedRun, PreparedStep } from './prepare.ts';
import type { RunbookPlan, ShownStep } from './run-view.ts';
import type { TrustedRunbook, TrustedRunbooks } from './trusted-runbooks.ts';

/** Body of POST /v1/runbooks/plan. */
export const planBody = z.strictObject({
  text: z.string(),
  section: z.string().min(1).max(1000).optional(),
  parameters: z.record(z.string(), z.string()).default({}),
  /** False asks only what the section is and needs: nothing is planned, and so nothing is recorded. */
  preview: z.boolean().default(true),
});

export interface PlanParts {
  readonly catalogue: readonly CatalogueEntry[];
  readonly door: Pick<Door, 'call'>;
  readonly approvals: Pick<ApprovalService, 'policyFor'>;
  readonly trusted: TrustedRunbooks;
  readonly signal: AbortSignal;
}

/** What a step would change, or why that cannot be said. */
interface Preview {
  readonly plan: Plan | null;
  readonly note: string | null;
}

export function shownStep({ step, kind, command }: PreparedStep): ShownStep {
  const { id, text, line, attributes } = step;
  return { id, kind, name: attributes.name, text, line, operation: command === null ? null : `${command.entry.room} ${command.entry.name}` };
}

/** People who must sign before a step now: what its operation, the policy and its own attribute ask for. */
function approvalsOf(approvals: Pick<ApprovalService, 'policyFor'>, { step, command, kind }: PreparedStep): number {
  const { approve } = step.attributes;
  if (kind === 'prose' || command?.declaration.effectFirst === true) return 0;
  if (command === null) return approvals.policyFor('runbook step', 'change', approve).required;
  const { risk, approvals: declared } = command.declaration;
  return approvals.policyFor(`${command.entry.room} ${command.entry.name}`, risk, Math.max(declared, approve)).required;
}

function missingValues({ command, words }: PreparedStep, values: ParameterValues): readonly string[] {
  const uses = command !== null ? [command] : words !== null ? [{ words }] : [];
  return parameterNeeds(uses).flatMap(({ name, optional }) => (optional || Object.hasOwn(values, name) ? [] : [name]));
}

class Previewer {
  readonly #parts: PlanParts;
  readonly #actor: Actor;
  readonly #values: ParameterValues;
  readonly #process: TrustedRunbook | undefined;

  constructor(parts: PlanParts, actor: Actor, values: ParameterValues, process: TrustedRunbook | undefined) {
    this.#parts = parts;
    this.#actor = actor;
    this.#values = values;
    this.#process = process;
  }

  async preview(prepared: PreparedStep): Promise<Preview> {
    const missing = missingValues(prepared, this.#values);
    if (missing.length > 0) return { plan: null, note: `not planned: no value for ${missing.join(', ')}` };
    try {
      return await this.#planned(prepared);
    } catch (thrown) {
      if (!(thrown instanceof ElulmcError)) throw thrown;
      return { plan: null, note: `would fail now: ${thrown.code}: ${thrown.message}` };
    }
  }

  async #planned({ step, command, words }: PreparedStep): Promise<Preview> {
    if (words !== null) {
      const folder = [this.#process?.folder ?? '', step.folder ?? ''].filter((part) => part !== '').join('/');
      return { plan: null, note: `starts the process ${JSON.stringify(argvOf(words, this.#values))} in ${folder}` };
    }
    if (command === null) return { plan: null, note: null };
    const { room, name } = command.entry;
    const input = inputOf(command, this.#values);
    const report = await this.#parts.door.call({ room, name, input, actor: this.#actor, dryRun: true, signal: this.#parts.signal });
    return { plan: report.plan, note: null };
  }
}

function refuseStray(prepared: PreparedRun, values: ParameterValues): void {
  const stray = Object.keys(values).find((name) => !prepared.needs.some((need) => need.name === name));
  if (stray !== undefined) throw new ElulmcError('USAGE', `these steps have no parameter ${stray}`, { field: stray });
}

/**
 * What a run of the section would do, from how things are now: a step whose plan depends on an earlier one may change other
 * things in the end. Nothing is performed; each plan is recorded as any dry run. Rejects as prepareRun does.
 */
export async function planRunbook(parts: PlanParts, body: z.output<typeof planBody>, actor: Actor): Promise<RunbookPlan> {
  const prepared = await prepareRun(parts.catalogue, body.text, body.section, parts.trusted);
  refuseStray(prepared, body.parameters);
  const previewer = new Previewer(parts, actor, body.parameters, parts.trusted.find(body.text));
  const steps: RunbookPlan['steps'][number][] = [];
  for (const step of prepared.steps) {
    const { timeoutMs, continueOnError } = step.step.attributes;
    const preview = body.preview ? await previewer.preview(step) : { plan: null, note: null };
    steps.push({ ...shownStep(step), approvals: approvalsOf(parts.approvals, step), timeoutMs, continueOnError, ...preview });
  }
  return { runbook: prepared.runbook, section: prepared.section, needs: prepared.needs, steps };
}
