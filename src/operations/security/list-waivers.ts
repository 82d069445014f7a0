import { z } from 'zod';
import { defineOperation } from '../declaration.ts';
import { printedWaiver, waiverFields, waiverLines } from './waiver-fields.ts';

export const listWaivers = defineOperation({
  room: 'security',
  name: 'list-waivers',
  runbookLine: null,
  summary: 'List the findings that somebody has decided to live with.',
  description: 'Lists waivers, newest first, with reason, owner and end; those that have ended or were revoked too. With --model only those of one digest.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({
    model: z.string().min(1).max(4096).optional().describe('Registered model (id, NAME@VERSION), or a digest.'),
    active: z.boolean().default(false).describe('Only those that count now.'),
    limit: z.coerce.number().int().min(1).max(10_000).default(100).describe('How many to list.'),
  }),
  output: z.object({ waivers: z.array(z.object(waiverFields)).describe('Newest first.') }),
  frameworks: { csf: 'ID.RA' },
  examples: ['elulmc security list-waivers', 'elulmc security list-waivers --model demo@3 --active'],
  errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, { model, active, limit }) => {
    const { registry, waivers } = context.services;
    const isDigest = model !== undefined && /^[0-9a-f]{64}$/.test(model);
    const digest = model === undefined || isDigest ? model : (await registry.find(model, 'model')).digest;
    const found = digest === undefined ? await waivers.list(limit) : (await waivers.ofDigest(digest)).toReversed().slice(0, limit);
    const printed = found.map(printedWaiver).filter(({ state }) => !active || state === 'active');
    const counting = printed.filter(({ state }) => state === 'active').length;
    return {
      output: { waivers: printed },
      verdict: 'ok',
      summary: `${String(printed.length)} ${printed.length === 1 ? 'waiver' : 'waivers'}, ${String(counting)} of them active.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ waivers }) => waivers.flatMap(waiverLines),
});
