import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import type { Person } from '../../services/people/service.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  person: z
    .string()
    .refine((text) => isId('per', text), 'is not the id of a person (per_...)')
    .describe('Id of the person.'),
  reason: z.string().trim().min(1).max(500).describe('Why; it stands in the ledger, so name nobody.'),
});

const output = z.object({ person: z.string(), removedAt: z.string() });

/** NOT_FOUND, NOT_ALLOWED for oneself, CONFLICT for the last administrator. */
async function findOther(context: OperationContext, personId: string): Promise<Person> {
  if (context.actor.id === personId) throw new ElulmcError('NOT_ALLOWED', 'nobody removes themselves; ask another administrator', { field: 'person' });
  const people = await context.services.people.list();
  const person = people.find(({ id }) => id === personId);
  if (person === undefined) throw new ElulmcError('NOT_FOUND', `there is no person ${personId}`, { field: 'person' });
  const administrators = people.filter(({ role, removedAt }) => role === 'admin' && removedAt === null);
  if (administrators.length === 1 && administrators[0]?.id === personId)
    throw new ElulmcError('CONFLICT', `${personId} is the last administrator; invite another one first`, { field: 'person' });
  return person;
}

export const removePerson = defineOperation({
  room: 'governance',
  name: 'remove-person',
  runbookLine: null,
  summary: 'Take a person out: no sign-in, no signature any more.',
  description:
    'Ends every token and browser session of the person at once, and the sign-in links that they made and nobody used. Their keys sign for nobody any more, so approvals that they signed and that were not used yet are void, and the identity provider cannot bring them back. ' +
    'What they did stays in the ledger under their id. Nobody removes themselves, and the last administrator stays.',
  risk: 'change',
  permission: 'administer',
  approvals: 0,
  input,
  positional: ['person'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance remove-person per_01hq3v5k8n2m4p6r7s9t0w1x2y --reason "left the team"'],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const person = await findOther(context, given.person);
    const touches = [{ object: `person:${person.id}`, version: `${person.role} ${person.removedAt ?? 'active'}` }];
    if (person.removedAt !== null) return { changes: [], notes: [`${person.id} was removed at ${person.removedAt}`], touches };
    return { changes: [`sign ${person.id} (${person.role}) out everywhere, and let them sign in and sign nothing any more`], notes: [], touches };
  },
  perform: async (context, given) => {
    await findOther(context, given.person);
    const { id, removedAt } = await context.services.people.remove(given.person);
    return { output: { person: id, removedAt: removedAt ?? '' }, verdict: 'ok', summary: `${id} is removed.` };
  },
  undo: 'None: a person who was removed comes back as another one, by elulmc governance invite.',
});
