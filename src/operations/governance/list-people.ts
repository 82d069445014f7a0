import { z } from 'zod';
import { ROLES } from '../../services/people/roles.ts';
import { defineOperation } from '../declaration.ts';

const output = z.object({
  people: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      role: z.enum(ROLES as [(typeof ROLES)[number]]),
      createdAt: z.string(),
      removedAt: z.string().nullable(),
    }),
  ),
});

export const listPeople = defineOperation({
  room: 'governance',
  name: 'list-people',
  runbookLine: null,
  summary: 'List the people of this installation and their roles.',
  description: 'Everybody who has signed in, with the role that says what they may do. --removed lists those too who may not sign in any more.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({ removed: z.boolean().default(false).describe('List people who were removed too.') }),
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance list-people', 'elulmc governance list-people --removed --json'],
  errors: ['DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, given) => {
    const people = (await context.services.people.list()).filter(({ removedAt }) => given.removed || removedAt === null);
    return {
      output: { people: people.map((person) => ({ ...person })) },
      verdict: 'ok',
      summary: `${String(people.length)} ${people.length === 1 ? 'person' : 'people'}.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ people }) =>
    people.map(
      ({ id, name, role, createdAt, removedAt }) =>
        `${id}  ${role.padEnd(8)}  since ${createdAt}${removedAt === null ? '' : `  removed ${removedAt}`}  ${name}`,
    ),
});
