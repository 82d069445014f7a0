import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { grants, rolesWith } from '../services/people/roles.ts';
import type { Actor } from '../services/people/service.ts';
import { authorize } from '../operations/authorize.ts';
import { inputOf } from './parameters.ts';
import type { ParameterValues } from './parameters.ts';
import type { PreparedRun } from './prepare.ts';
import { isOver } from './run-model.ts';
import type { RunRecord } from './run-model.ts';
import { MAX_EVIDENCE_BYTES } from './run-view.ts';

/** Text of people: no character that could hide or break something. */
const words = (limit: number) =>
  z
    .string()
    .max(limit)
    .refine((text) => !/[^\P{Cc}\n\t]/u.test(text) && text.isWellFormed(), 'holds a character that is not allowed');

const parameters = z.record(z.string().max(200), z.string().max(100_000)).default({});

export const startBody = z.strictObject({
  text: z.string().refine((text) => !text.includes('\0'), 'holds a NUL character'),
  section: z.string().min(1).max(1000).optional(),
  runId: z
    .string()
    .refine((id) => isId('run', id), 'is not an id of the form run_...')
    .optional(),
  parameters,
  prose: z.enum(['wait', 'skip']).default('wait'),
  change: z
    .string()
    .refine((id) => isId('chg', id), 'is not an id of the form chg_...')
    .optional(),
});

export const answerBody = z.strictObject({
  step: z.string().max(100),
  decision: z.enum(['confirmed', 'skipped', 'stop']),
  note: words(4_000).default(''),
  file: z
    .strictObject({
      name: words(200).refine((name) => /^[^/\\\n\t]+$/.test(name), 'must be a file name without folders'),
      base64: z.base64().max(Math.ceil(MAX_EVIDENCE_BYTES / 3) * 4, `holds more than ${String(MAX_EVIDENCE_BYTES)} bytes`),
    })
    .optional(),
});

export const resumeBody = z.strictObject({ parameters, step: z.enum(['retry', 'skip']).optional() });

export const abortBody = z.strictObject({ undo: z.boolean(), reason: words(500).min(1) });

export type StartRequest = z.output<typeof startBody>;
export type AnswerRequest = z.output<typeof answerBody>;
export type ResumeRequest = z.output<typeof resumeBody>;
export type AbortRequest = z.output<typeof abortBody>;

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What the run is given, split into what may be stored and what may not. USAGE or FIELD_INVALID when something is missing, stray or does not fit. */
export function checkedValues(prepared: PreparedRun, given: ParameterValues): { readonly stored: ParameterValues; readonly secrets: ParameterValues } {
  const { needs, steps } = prepared;
  const stray = Object.keys(given).find((name) => !needs.some((need) => need.name === name));
  if (stray !== undefined) throw new ElulmcError('USAGE', `nothing was run: these steps have no parameter ${stray}`, { field: stray });
  const bad = Object.keys(given).find((name) => given[name]?.includes('\0') === true || given[name]?.isWellFormed() === false);
  if (bad !== undefined) throw new ElulmcError('FIELD_INVALID', `the parameter ${bad} holds a character that is not allowed`, { field: bad });
  const missing = needs.find(({ name, optional }) => !optional && !Object.hasOwn(given, name));
  if (missing !== undefined) throw new ElulmcError('USAGE', `the parameter ${missing.name} has no value: --set ${missing.name}=VALUE`, { field: missing.name });
  for (const { command } of steps) if (command !== null) inputOf(command, given);
  const secret = new Set(needs.filter((need) => need.secret).map(({ name }) => name));
  const split = (isSecret: boolean): ParameterValues => Object.fromEntries(Object.entries(given).filter(([name]) => secret.has(name) === isSecret));
  return { stored: split(false), secrets: split(true) };
}

/** Secrets that are given again. USAGE for anything else: a run keeps what it was started with. */
export function checkedSecrets({ run }: RunRecord, given: ParameterValues): ParameterValues {
  const stray = Object.keys(given).find((name) => !run.details.secrets.includes(name));
  if (stray === undefined) return given;
  const known = run.details.secrets.join(', ') || 'none';
  throw new ElulmcError('USAGE', `a run keeps the parameters that it was started with; only its secrets are given again (${known})`, { field: stray });
}

/** Whoever started it, or a person who may operate. NOT_SIGNED_IN or NOT_ALLOWED otherwise. */
export function demandOperator(actor: Actor, { run }: RunRecord, what: string): void {
  if (actor.kind === 'system' || actor.id === run.details.actor) return;
  if (actor.kind === 'local') throw new ElulmcError('NOT_SIGNED_IN', `to ${what} a run that somebody else has started needs a person who is signed in`);
  if (grants(actor.role, 'operate')) return;
  throw new ElulmcError('NOT_ALLOWED', `to ${what} a run needs the role ${rolesWith('operate').join(' or ')}; ${actor.name} has ${actor.role}`);
}

/** Whoever lets a run of somebody else go on must be allowed to do everything that is left of it. */
export function demandRights(actor: Actor, record: RunRecord, prepared: PreparedRun): void {
  demandOperator(actor, record, 'resume');
  if (actor.id === record.run.details.actor) return;
  for (const step of record.steps) {
    const command = prepared.steps[step.index]?.command ?? null;
    if (command !== null && (!isOver(step) || step.details.ends)) authorize(actor, command.declaration);
  }
}
