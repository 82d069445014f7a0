import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { PersonKey } from '../../services/people/service.ts';
import { requirePermission } from '../authorize.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  key: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not the id of a key (elulmc governance list-keys)')
    .describe('Id of the key.'),
});

const output = z.object({ key: z.string(), person: z.string(), removedAt: z.string() });

/** A key of one's own; those of others need the role admin. */
async function findRemovable(context: OperationContext, keyId: string): Promise<PersonKey> {
  const key = await context.services.people.findKey(keyId);
  if (key === undefined) throw new ElulmcError('NOT_FOUND', `there is no key ${keyId}`, { field: 'key' });
  if (key.person !== context.actor.id) requirePermission(context.actor, 'administer', 'key');
  return key;
}

export const removeKey = defineOperation({
  room: 'governance',
  name: 'remove-key',
  runbookLine: null,
  summary: 'Take a key from its person: it signs nothing any more.',
  description:
    'For a lost machine or passkey. What was signed in with the key, a command line or browsers, is signed out; the person stays signed in elsewhere. ' +
    'Everybody removes their own keys; those of others need the role admin. The key can never be registered again.',
  risk: 'change',
  permission: 'read',
  approvals: 0,
  input,
  positional: ['key'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: [`elulmc governance remove-key ${'3f'.repeat(32)}`],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const key = await findRemovable(context, given.key);
    const touches = [{ object: `person-key:${key.id}`, version: key.removedAt ?? 'active' }];
    if (key.removedAt !== null) return { changes: [], notes: [`${key.id} was removed at ${key.removedAt}`], touches };
    return {
      changes: [`let the ${key.kind} key ${key.id} sign nothing for ${key.person} any more, and sign out what was signed in with it`],
      notes: [],
      touches,
    };
  },
  perform: async (context, given) => {
    await findRemovable(context, given.key);
    const { id, person, removedAt } = await context.services.people.removeKey(given.key);
    return { output: { key: id, person, removedAt: removedAt ?? '' }, verdict: 'ok', summary: `The key ${id} signs for ${person} no more.` };
  },
  undo: 'None: register another key by elulmc sign-in, or a passkey under /passkeys.',
});
