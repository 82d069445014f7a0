import { z } from 'zod';
import { defineOperation } from '../declaration.ts';

const output = z.object({
  total: z.int().describe('Sessions that are valid now, listed or not.'),
  sessions: z.array(
    z.object({
      id: z.string(),
      keyId: z.string(),
      subject: z.string(),
      issuedAt: z.string(),
      expiresAt: z.string(),
      log: z.string().describe('Log that holds the entry of its issue.'),
      index: z.int().describe('Index of that entry.'),
    }),
  ),
});

export const listSessions = defineOperation({
  room: 'governance',
  name: 'list-sessions',
  runbookLine: null,
  summary: 'List the sessions that are valid now.',
  description:
    'Session tokens are signed and stored nowhere; this list is made from the entries of their issue, less those that have expired or that a revocation has made void. Newest first.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({ limit: z.coerce.number().int().min(1).max(10_000).default(50).describe('How many to list.') }),
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance list-sessions', 'elulmc governance list-sessions --limit 500 --json'],
  errors: ['DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, given) => {
    const { sessions, total } = await context.services.sessions.list(given.limit);
    return {
      output: { total, sessions: sessions.map((session) => ({ ...session })) },
      verdict: 'ok',
      summary: `${String(total)} ${total === 1 ? 'session is' : 'sessions are'} valid.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ total, sessions }) => [
    ...sessions.map((session) => `${session.id}  ${session.keyId}  until ${session.expiresAt}  ${session.log}:${String(session.index)}  ${session.subject}`),
    `${String(sessions.length)} of ${String(total)} valid sessions`,
  ],
});
