import { z } from 'zod';
import { wallAt } from '../../core/clock.ts';
import { waiverState } from '../../services/waivers/service.ts';
import type { Waiver } from '../../services/waivers/service.ts';

/** A waiver as operations print it. */
export const waiverFields = {
  id: z.string(),
  digest: z.string().describe('OMS root of the model that it belongs to.'),
  rule: z.string(),
  path: z.string().nullable().describe('File or file!member; null for the whole model.'),
  reason: z.string(),
  owner: z.string(),
  until: z.string(),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: z.string(),
  createdBy: z.string(),
  revoked: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
};

export type PrintedWaiver = z.output<z.ZodObject<typeof waiverFields>>;

export function printedWaiver(waiver: Waiver): PrintedWaiver {
  return { ...waiver, revoked: waiver.revoked === null ? null : { ...waiver.revoked }, state: waiverState(waiver, wallAt()) };
}

/** `pickle-unknown-global in model.pt`. */
export function waivedText({ rule, path }: Pick<Waiver, 'rule' | 'path'>): string {
  return path === null ? rule : `${rule} in ${path}`;
}

export function waiverLines(waiver: PrintedWaiver): string[] {
  const { id, state, until, digest, owner, reason, createdBy, createdAt, revoked } = waiver;
  return [
    `${id}  ${state.padEnd(7)}  until ${until}  ${waivedText(waiver)}`,
    `    digest   ${digest}`,
    `    reason   ${reason} (owner ${owner}; made by ${createdBy} at ${createdAt})`,
    ...(revoked === null ? [] : [`    revoked  ${revoked.at} by ${revoked.by}: ${revoked.reason}`]),
  ];
}
