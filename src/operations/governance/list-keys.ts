import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { defineOperation } from '../declaration.ts';

const output = z.object({
  keys: z.array(
    z.object({
      id: z.string().describe('Hex SHA-256 of the public key: the key id of signatures.'),
      person: z.string(),
      kind: z.enum(['ed25519', 'webauthn']),
      publicKey: z.string().describe('base64: SPKI DER, or a COSE key of a passkey.'),
      credential: z.object({ id: z.string(), rpId: z.string(), transports: z.array(z.string()), counter: z.int() }).nullable(),
      label: z.string(),
      createdAt: z.string(),
      removedAt: z.string().nullable(),
    }),
  ),
});

export const listKeys = defineOperation({
  room: 'governance',
  name: 'list-keys',
  runbookLine: null,
  summary: 'List the public keys that sign for a person.',
  description: 'Keys of command lines and passkeys, also those that were removed: old approvals are verified with them. Without a person it lists your own.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  partOfApproving: true,
  input: z.strictObject({
    person: z
      .string()
      .refine((text) => isId('per', text), 'is not the id of a person (per_...)')
      .optional()
      .describe('Id of the person; default: you.'),
  }),
  positional: ['person'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance list-keys', 'elulmc governance list-keys per_01hq3v5k8n2m4p6r7s9t0w1x2y --json'],
  errors: ['NOT_FOUND', 'FIELD_INVALID', 'DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, given) => {
    const { people } = context.services;
    const own = context.actor.kind === 'person' ? context.actor.id : undefined;
    const person = given.person ?? own;
    if (person === undefined) throw new ElulmcError('FIELD_INVALID', 'person: say whose keys; you are not signed in', { field: 'person' });
    if ((await people.find(person)) === undefined) throw new ElulmcError('NOT_FOUND', `there is no person ${person}`, { field: 'person' });
    const keys = (await people.keysOf(person)).map((key) => ({
      ...key,
      credential: key.credential === null ? null : { ...key.credential, transports: [...key.credential.transports] },
    }));
    const valid = keys.filter(({ removedAt }) => removedAt === null).length;
    return { output: { keys }, verdict: 'ok', summary: `${person} has ${String(valid)} ${valid === 1 ? 'key' : 'keys'}.` };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ keys }) =>
    keys.map(
      ({ id, kind, label, createdAt, removedAt }) =>
        `${id}  ${kind.padEnd(8)}  since ${createdAt}${removedAt === null ? '' : `  removed ${removedAt}`}  ${label}`,
    ),
});
