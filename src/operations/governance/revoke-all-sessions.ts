import { z } from 'zod';
import { monotonicMs } from '../../core/clock.ts';
import { requirePermission } from '../authorize.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { authorOf, awaitSpread, spreadFields, spreadText } from '../spread.ts';

const input = z.strictObject({
  keys: z.boolean().default(false).describe('Revoke every API key too. Needs the role security or admin.'),
  operators: z.boolean().default(false).describe('Sign out every person but the caller too. Needs the role security or admin.'),
});

const output = z.object({
  version: z.int().describe('Posture version from which every older session is void.'),
  generation: z.int().describe('Session generation of the installation; tokens of an older one are void.'),
  keysRevoked: z.array(z.string()).describe('Ids of the API keys that were revoked.'),
  peopleSignedOut: z.int(),
  ...spreadFields,
  tookMs: z.number().describe('From the call to the answer of the last gateway, in milliseconds.'),
});

function checkOptions(context: OperationContext, given: z.output<typeof input>): void {
  if (given.keys) requirePermission(context.actor, 'secure', '--keys');
  if (given.operators) requirePermission(context.actor, 'secure', '--operators');
}

function counted(count: number, one: string, many: string): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

export const revokeAllSessions = defineOperation({
  room: 'governance',
  name: 'revoke-all-sessions',
  runbookLine: 'governance/revoke_all_sessions.py',
  summary: 'Void every session and end every running request.',
  description:
    'Raises the session generation of the installation: every session token that was issued before is void on every gateway, and every running request ends, ' +
    'whatever it had authenticated with. API keys stay valid, so clients come back by asking for a new session; --keys revokes every key as well. ' +
    '--operators also signs out every person except the caller. The effect comes first and the record after it.',
  risk: 'destroy',
  permission: 'operate',
  approvals: 0,
  effectFirst: true,
  input,
  output,
  frameworks: { csf: 'RS.MI', atlas: ['AML.T0012', 'AML.T0055', 'AML.T0091'] },
  examples: ['elulmc governance revoke-all-sessions', 'elulmc governance revoke-all-sessions --keys --operators'],
  errors: ['NOT_ALLOWED', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    checkOptions(context, given);
    const posture = await context.services.posture.read();
    const changes = ['void every session token and end every running request'];
    const live = [...posture.keys.values()].filter((key) => key.revokedAt === null);
    if (given.keys) changes.push(`revoke ${counted(live.length, 'API key', 'API keys')}`);
    if (given.operators) changes.push('sign out every person but the caller');
    return { changes, notes: [`session generation now: ${String(posture.sessionGeneration)}`] };
  },
  perform: async (context, given) => {
    const startedMs = monotonicMs();
    const { posture, people } = context.services;
    const author = authorOf(context, 'governance revoke-all-sessions');
    const voided = await posture.voidSessions(author);
    const revoked = given.keys ? await posture.revokeKeys(null, author) : undefined;
    const peopleSignedOut = given.operators ? await people.signOutAll(context.actor.kind === 'person' ? context.actor.id : null) : 0;
    const version = Math.max(voided.version, revoked?.version ?? 0);
    const spread = await awaitSpread(context, version);
    const tookMs = Math.round(monotonicMs() - startedMs);
    const keysRevoked = [...(revoked?.revoked ?? [])];
    const extra = [
      ...(given.keys ? [counted(keysRevoked.length, 'API key revoked', 'API keys revoked')] : []),
      ...(given.operators ? [counted(peopleSignedOut, 'person signed out', 'people signed out')] : []),
    ];
    return {
      output: {
        version,
        generation: voided.generation,
        keysRevoked,
        peopleSignedOut,
        ...spread,
        gatewaysUnreachable: [...spread.gatewaysUnreachable],
        tookMs,
      },
      verdict: 'ok',
      summary: [
        `Every session before generation ${String(voided.generation)} is void; applied ${spreadText(spread)}`,
        ...extra,
        `${String(spread.cutRequests)} running requests cut, ${String(tookMs)} ms.`,
      ].join(', '),
    };
  },
  undo: 'None: what was void stays void. Clients get new sessions from POST /v1/sessions; revoked keys are replaced with elulmc governance issue-key.',
});
