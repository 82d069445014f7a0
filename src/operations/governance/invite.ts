import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { readEndpoints } from '../../services/installation/endpoints.ts';
import { ROLES } from '../../services/people/roles.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  role: z.enum(ROLES as [(typeof ROLES)[number]]).describe(`What the person may do: ${ROLES.join(', ')}.`),
});

const output = z.object({
  role: z.enum(ROLES as [(typeof ROLES)[number]]),
  link: z.string().describe('The one-time link: shown here and nowhere else. Give it to the person over a channel you trust.'),
  expiresAt: z.string(),
});

export const invite = defineOperation({
  room: 'governance',
  name: 'invite',
  runbookLine: null,
  summary: 'Make a one-time sign-in link for a new person.',
  description:
    'The person runs elulmc sign-in LINK, which makes a key pair on their machine, or opens the link in a browser and makes a passkey there; the public half is registered, and the link is used up. Opening the link alone uses nothing up. ' +
    'The link expires after 24 hours, or when you are no administrator any more. Only the SHA-256 of its secret is stored.',
  risk: 'change',
  permission: 'administer',
  approvals: 0,
  input,
  output,
  shownOnce: ['link'],
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance invite --role operator', 'elulmc governance invite --role security'],
  errors: ['DATABASE_UNAVAILABLE', 'CONTROL_UNREACHABLE'],
  plan: (_context, given) => Promise.resolve({ changes: [`make a sign-in link for one person with the role ${given.role}`], notes: [] }),
  perform: async (context, given) => {
    const { home, people } = context.services;
    const endpoints = readEndpoints(home);
    if (endpoints === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', `${home.endpoints} does not say where this installation listens`);
    const origin = endpoints.siteOrigin ?? endpoints.controlUrl;
    const { secret, expiresAt } = await people.invite(given.role, context.actor.id);
    return {
      output: { role: given.role, link: `${origin}/sign-in/${secret}`, expiresAt },
      verdict: 'ok',
      summary: `Made a sign-in link for the role ${given.role}, valid until ${expiresAt}.`,
    };
  },
  undo: 'None is needed: an unused link expires after 24 hours. A person who signed in with it is taken out by elulmc governance remove-person.',
});
