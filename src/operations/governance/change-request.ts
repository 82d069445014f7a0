import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { planDigest } from '../plan-digest.ts';
import { aboutText, changeFields, changeInFull, printed } from './change-fields.ts';

const text = (most: number) => z.string().trim().max(most);

const input = z.strictObject({
  title: text(200).min(1).describe('What is changed, in one line.'),
  description: text(10_000).default('').describe('Why, and what the reviewer should know.'),
  risk: z.enum(['read', 'change', 'destroy']).describe('read changes nothing; change can be undone; destroy cannot.'),
  systems: z
    .array(text(200).min(1))
    .max(100)
    .optional()
    .describe('What it touches: route:MODEL, upstream:NAME or a name that windows use. Default: what the plan touches, else everything.'),
  operation: z
    .string()
    .regex(/^[a-z]+ [a-z][a-z0-9-]*$/, 'must be named as in "deployment resume-operations"')
    .optional()
    .describe('The operation that it will call: ROOM NAME. It is planned now, and the change holds for exactly that plan.'),
  input: text(100_000).optional().describe('JSON object with the input of that operation. Default: none.'),
  rollback: text(10_000).min(1).optional().describe('How it is taken back. Mandatory from risk change on.'),
});

type Input = z.output<typeof input>;

const wrong = (field: string, sentence: string): ElulmcError => new ElulmcError('FIELD_INVALID', `${field}: ${sentence}`, { field });

function inputOf(given: Input): unknown {
  let parsed: unknown = {};
  try {
    if (given.input !== undefined) parsed = JSON.parse(given.input);
  } catch {
    throw wrong('input', 'is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw wrong('input', 'must be a JSON object');
  return parsed;
}

async function planned(context: OperationContext, given: Input) {
  if (given.operation === undefined) {
    if (given.input !== undefined) throw wrong('input', 'belongs to an operation; name it with --operation');
    return undefined;
  }
  const [room = '', name = ''] = given.operation.split(' ');
  const plan = await context.plan(room, name, inputOf(given), 0).catch((error: unknown) => {
    if (!(error instanceof ElulmcError) || error.code !== 'FIELD_INVALID') throw error;
    throw wrong(`input.${error.field ?? ''}`, error.message);
  });
  if (plan.secrets.length > 0) throw wrong('input', `${plan.secrets.join(', ')} would be a secret in a change request: leave it out`);
  return { operation: plan.operation, planSha256: planDigest(plan.operation, plan.input, plan.changes), changes: plan.changes, touches: plan.touches };
}

function systemsOf(given: Input, touched: readonly string[]): readonly string[] {
  if (given.systems === undefined) return touched;
  const missing = given.systems.length === 0 ? undefined : touched.find((object) => given.systems?.includes(object) === false);
  if (missing !== undefined) throw wrong('systems', `the plan touches ${missing} too`);
  return [...new Set(given.systems)];
}

async function proposed(context: OperationContext, given: Input) {
  if (given.risk !== 'read' && given.rollback === undefined)
    throw wrong('rollback', `a change of risk ${given.risk} says how it is taken back: --rollback TEXT`);
  const plan = await planned(context, given);
  if (given.risk === 'read' && (plan?.changes.length ?? 0) > 0)
    throw wrong('risk', `${plan?.operation ?? ''} would change something: the risk is change or destroy`);
  return {
    title: given.title,
    description: given.description,
    risk: given.risk,
    systems: systemsOf(given, [...new Set(plan?.touches.map(({ object }) => object))]),
    operation: plan?.operation ?? null,
    planSha256: plan?.planSha256 ?? null,
    changes: plan?.changes ?? [],
    rollback: given.rollback ?? null,
    requester: context.actor.id,
  };
}

export const changeRequest = defineOperation({
  room: 'governance',
  name: 'change-request',
  runbookLine: null,
  summary: 'Ask for a change of a system to be reviewed and scheduled.',
  description:
    'Submits a change with its risk, the systems it touches and, from risk change on, the plan of its rollback. With --operation the operation is planned now, ' +
    'and the change holds for exactly that plan. Another person reviews it (change-review), then it gets its time (change-schedule); ' +
    'calls and runs that carry it (--change CHANGE) are held to all of that. Its words are kept in the database only, where they can be erased; the ledger has ' +
    'their digest, and what it says of a change is its id, risk, systems and operation: those should name no person.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  input,
  personal: ['title', 'description', 'input', 'rollback'],
  output: z.object(changeFields),
  frameworks: { csf: 'PR.PS' },
  examples: [
    'elulmc governance change-request --title "New weights" --risk change --systems route:demo --rollback "elulmc deployment resume-operations --restore-routes"',
    'elulmc governance change-request --title "Back to the primary" --risk change --operation "deployment resume-operations" --input \'{"restoreRoutes":true}\' --rollback "elulmc deployment activate-backup"',
  ],
  errors: ['OPERATION_UNKNOWN', 'NOT_ALLOWED', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const { risk, systems, operation, planSha256 } = await proposed(context, given);
    const call = operation === null ? '' : `, calling ${operation} with the plan ${planSha256?.slice(0, 16) ?? ''}`;
    return { changes: [`submit a change of ${aboutText(systems)} (risk ${risk})${call}`], notes: [] };
  },
  perform: async (context, given) => {
    const change = await context.services.changes.submit(await proposed(context, given), context.runId);
    return {
      output: printed(change),
      verdict: 'ok',
      summary: `Submitted ${change.id}, a change of ${aboutText(change.systems)} (risk ${change.risk}); elulmc governance change-review ${change.id} is next, by another person.`,
    };
  },
  undo: 'elulmc governance change-review CHANGE --decision declined, by another person; what nobody schedules allows nothing.',
  render: changeInFull,
});
