import { z } from 'zod';
import { knownRules } from '../../artifacts/report/known-rules.ts';
import { sha256OfJson } from '../../core/canonical-json.ts';
import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Touched } from '../../services/approvals/service.ts';
import { waiverState } from '../../services/waivers/service.ts';
import type { Waiver } from '../../services/waivers/service.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { printedWaiver, waivedText, waiverFields, waiverLines } from './waiver-fields.ts';

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 365;
const NEAR = 5;

const text = (most: number) => z.string().trim().min(1).max(most);

const input = z.strictObject({
  model: text(4096).optional().describe('Registered model (id, NAME@VERSION), or the digest that a scan says, registered or not.'),
  rule: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,99}$/, 'must be the id of a rule, as scans show it')
    .optional()
    .describe('Rule whose findings are waived, as scans show it: pickle-unknown-global.'),
  path: text(4096).optional().describe('Only in this file of the model, or FILE!MEMBER. Default: in the whole model.'),
  reason: text(1000).describe('Why it is waived, or revoked. Shown in every report.'),
  owner: text(200).optional().describe('Who answers for it. Shown in every report.'),
  until: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'must be a day such as 2027-01-31 or an instant such as 2027-01-31T22:00:00Z' })
    .optional()
    .describe('Last day, or an instant (RFC 3339), at most a year ahead.'),
  revoke: z
    .string()
    .regex(/^wvr_[0-9a-z]{26}$/, 'must be the id of a waiver: wvr_...')
    .optional()
    .describe('Take this waiver back instead: wvr_....'),
});

type Input = z.output<typeof input>;

type NewWaiver = Omit<Waiver, 'id' | 'createdAt' | 'revoked'>;

const wrong = (field: string, sentence: string): ElulmcError => new ElulmcError('FIELD_INVALID', `${field}: ${sentence}`, { field });

/** A day ends at its end, in UTC. */
function endOf(until: string): string {
  const end = Date.parse(until.length === 10 ? `${until}T23:59:59.999Z` : until);
  const now = wallMs();
  if (end <= now) throw wrong('until', `${until} is past; it is ${new Date(now).toISOString()}`);
  if (end > now + (LONGEST_DAYS + 1) * DAY_MS) throw wrong('until', 'at most a year ahead; waive it again then, when it is still right');
  return new Date(end).toISOString();
}

function demandRule(rule: string): string {
  const rules = knownRules();
  if (rules.has(rule)) return rule;
  const [format = ''] = rule.split('-');
  const near = [...rules.keys()].filter((id) => id.startsWith(`${format}-`)).slice(0, NEAR);
  throw wrong('rule', `no rule is ${JSON.stringify(rule)}${near.length === 0 ? '' : `; there are ${near.join(', ')}`}: take the id from a scan`);
}

async function digestOf(context: OperationContext, model: string): Promise<string> {
  return /^[0-9a-f]{64}$/.test(model) ? model : (await context.services.registry.find(model, 'model')).digest;
}

async function wanted(context: OperationContext, given: Input): Promise<NewWaiver> {
  const missing = (['model', 'rule', 'owner', 'until'] as const).find((field) => given[field] === undefined);
  const { model, rule, owner, until } = given;
  if (model === undefined || rule === undefined || owner === undefined || until === undefined) {
    throw new ElulmcError('USAGE', `--${missing ?? ''} is missing: a waiver names model, rule, reason, owner and end`, { field: missing ?? 'model' });
  }
  const digest = await digestOf(context, model);
  return { digest, rule: demandRule(rule), path: given.path ?? null, reason: given.reason, owner, until: endOf(until), createdBy: context.actor.id };
}

async function toRevoke(context: OperationContext, given: Input, id: string): Promise<Waiver> {
  const extra = (['model', 'rule', 'path', 'owner', 'until'] as const).find((field) => given[field] !== undefined);
  if (extra !== undefined) throw new ElulmcError('USAGE', `--revoke takes a reason and nothing else; leave out --${extra}`, { field: extra });
  const found = await context.services.waivers.find(id);
  if (found === undefined) throw new ElulmcError('NOT_FOUND', `there is no waiver ${id}; elulmc security list-waivers lists them`, { field: 'revoke' });
  return found;
}

/** What is waived of a rule in a digest now: an approval is void once that is something else. */
async function touched(context: OperationContext, waiver: NewWaiver): Promise<Touched> {
  const now = wallAt();
  const active = (await context.services.waivers.ofDigest(waiver.digest)).filter((one) => one.rule === waiver.rule && waiverState(one, now) === 'active');
  return { object: `waiver:${waiver.digest}:${waiver.rule}`, version: sha256OfJson({ active: active.map(({ id }) => id) }) };
}

export const waiveFinding = defineOperation({
  room: 'security',
  name: 'waive-finding',
  runbookLine: null,
  summary: 'Let a finding of a scan not count for one model, until a day.',
  description:
    'A waiver belongs to one rule and to exactly one digest: other bytes, or the next version, need their own. It has a reason, an owner and an end, and is shown in every report of a scan; ' +
    'until it ends its findings do not count for the exit code and the gates. It needs the approval of another person. --revoke takes one back. Reason and owner are kept in the database only, where they can be erased.',
  risk: 'change',
  permission: 'secure',
  approvals: 1,
  input,
  personal: ['reason', 'owner'],
  output: z.object(waiverFields),
  frameworks: { csf: 'ID.RA' },
  examples: [
    'elulmc security waive-finding --model demo@3 --rule pickle-unknown-global --reason "our own class, reviewed in SEC-12" --owner "ML platform" --until 2027-01-31',
    'elulmc security waive-finding --model 6ad7a99178811fe6363f80f17241f5656678c4adeae5e65b6dc2c97517ac0ff0 --rule text-secret --path README.md --reason "the example token of the manual" --owner docs --until 2027-01-31',
    'elulmc security waive-finding --revoke wvr_01jd0000000000000000000000 --reason "the class was removed"',
  ],
  errors: ['USAGE', 'NOT_FOUND', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    if (given.revoke !== undefined) {
      const waiver = await toRevoke(context, given, given.revoke);
      const changes = waiver.revoked === null ? [`revoke ${waiver.id}: ${waivedText(waiver)} of the model ${waiver.digest}`] : [];
      return { changes, notes: [], touches: [{ object: `waiver:${waiver.id}`, version: waiver.revoked === null ? 'active' : 'revoked' }] };
    }
    const waiver = await wanted(context, given);
    return {
      changes: [`waive ${waivedText(waiver)} of the model ${waiver.digest} until ${waiver.until}`],
      notes: [],
      touches: [await touched(context, waiver)],
    };
  },
  perform: async (context, given) => {
    const { waivers } = context.services;
    if (given.revoke !== undefined) {
      await toRevoke(context, given, given.revoke);
      const revoked = await waivers.revoke(given.revoke, { by: context.actor.id, reason: given.reason });
      return {
        output: printedWaiver(revoked),
        verdict: 'ok',
        summary: `Revoked ${revoked.id}: ${waivedText(revoked)} of the model ${revoked.digest} counts again.`,
      };
    }
    const waiver = await waivers.waive(await wanted(context, given), context.runId);
    return {
      output: printedWaiver(waiver),
      verdict: 'ok',
      summary: `${waiver.id} waives ${waivedText(waiver)} of the model ${waiver.digest} until ${waiver.until}.`,
    };
  },
  undo: 'elulmc security waive-finding --revoke WAIVER --reason TEXT',
  render: waiverLines,
});
