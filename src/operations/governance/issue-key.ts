import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { defineOperation } from '../declaration.ts';
import { authorOf } from '../spread.ts';

const limit = z.coerce.number().int().min(1).max(1_000_000_000).optional();

const input = z.strictObject({
  name: z.string().min(1).max(100).describe('What the key is for; people see it, clients do not.'),
  subject: z.string().min(1).max(200).optional().describe('Whose requests it carries: the person or system that can be erased later. Default: the name.'),
  models: z.array(z.string().min(1)).min(1).optional().describe('Public model names that it may use. Default: all.'),
  requestsPerMinute: limit.describe('Requests per minute and gateway. Default: not limited.'),
  tokensPerMinute: limit.describe('Tokens per minute and gateway. Default: not limited.'),
  concurrency: limit.describe('Requests that run at the same time on one gateway. Default: not limited.'),
});

const output = z.object({
  keyId: z.string(),
  key: z.string().describe('The key itself: shown here and nowhere else.'),
  name: z.string(),
  subject: z.string(),
  models: z.array(z.string()).nullable(),
  limits: z.object({ concurrency: z.int().nullable(), requestsPerMinute: z.int().nullable(), tokensPerMinute: z.int().nullable() }),
  version: z.int().describe('Posture version from which gateways accept the key.'),
});

type Input = z.output<typeof input>;

function limitsOf(given: Input) {
  return { concurrency: given.concurrency ?? null, requestsPerMinute: given.requestsPerMinute ?? null, tokensPerMinute: given.tokensPerMinute ?? null };
}

function limitsText(given: Input): string {
  const set = Object.entries(limitsOf(given)).filter(([, value]) => value !== null);
  return set.length === 0 ? 'no limits' : set.map(([name, value]) => `${name} ${String(value)}`).join(', ');
}

export const issueKey = defineOperation({
  room: 'governance',
  name: 'issue-key',
  runbookLine: null,
  summary: 'Make an API key; its text is shown once.',
  description:
    'Makes a key of 256 random bits. Only its SHA-256 is stored: the text stands in the output of this command and nowhere else. ' +
    'Gateways accept it as soon as they have the new posture. Limits hold per gateway. The ledger names the key by its id; name and subject are kept in the database only.',
  risk: 'change',
  permission: 'administer',
  approvals: 0,
  input,
  personal: ['name', 'subject'],
  output,
  shownOnce: ['key'],
  frameworks: { csf: 'PR.AA' },
  examples: [
    'elulmc governance issue-key --name reporting',
    'elulmc governance issue-key --name batch --models elulmc-demo --requests-per-minute 60 --concurrency 2',
  ],
  errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const posture = await context.services.posture.read();
    const known = posture.routes.map((route) => route.model);
    const unknown = given.models?.find((model) => !known.includes(model));
    if (unknown !== undefined) throw new ElulmcError('NOT_FOUND', `there is no model "${unknown}"; known: ${known.join(', ') || 'none'}`, { field: 'models' });
    return { changes: [`issue an API key for ${given.models?.join(', ') ?? 'all models'} with ${limitsText(given)}`], notes: [] };
  },
  perform: async (context, given) => {
    const request = { name: given.name, subject: given.subject ?? given.name, models: given.models ?? null, limits: limitsOf(given) };
    const { key, text, version } = await context.services.posture.issueKey(request, authorOf(context, 'governance issue-key'));
    return {
      output: {
        keyId: key.id,
        key: text,
        name: key.name,
        subject: key.subject,
        models: key.models === null ? null : [...key.models],
        limits: { ...key.limits },
        version,
      },
      verdict: 'ok',
      summary: `Issued ${key.id} for ${key.models?.join(', ') ?? 'all models'} with ${limitsText(given)}.`,
    };
  },
  undo: 'elulmc security isolate-system --key KEY_ID stops one key at once; elulmc governance revoke-all-sessions --keys revokes all.',
});
