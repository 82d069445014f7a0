import { z } from 'zod';
import type { OperationContext } from './context.ts';

/** How far a change of the posture has come: what an operator reads. That it takes effect is the lease's work. */
export const spreadFields = {
  gatewaysApplied: z.int().describe('Gateways whose every worker has applied the change.'),
  gatewaysTotal: z.int().describe('Gateways that this control plane knows.'),
  gatewaysUnreachable: z.array(z.string()).describe('Gateways that did not answer: they stop serving when their lease ends, within 2 s.'),
  cutRequests: z.int().describe('Running requests that the last change ended, as far as the gateways told.'),
};

export interface Spread {
  readonly gatewaysApplied: number;
  readonly gatewaysTotal: number;
  readonly gatewaysUnreachable: readonly string[];
  readonly cutRequests: number;
}

/** Longer than a lease: whoever has not answered by then serves nothing anymore, or holds a new posture. */
const SPREAD_TIMEOUT_MS = 2_500;

export async function awaitSpread(context: OperationContext, version: number): Promise<Spread> {
  context.progress(`waiting until the gateways have applied posture version ${String(version)}`);
  const { gateways } = await context.services.gateways.waitForVersion(version, SPREAD_TIMEOUT_MS);
  const applied = gateways.filter(
    (gateway) => gateway.reachable && gateway.workers.length > 0 && gateway.workers.every((worker) => worker.postureVersion >= version),
  );
  const cut = gateways.flatMap((gateway) => gateway.workers).filter((worker) => worker.postureVersion === version);
  return {
    gatewaysApplied: applied.length,
    gatewaysTotal: gateways.length,
    gatewaysUnreachable: gateways.filter((gateway) => !gateway.reachable).map((gateway) => gateway.name),
    cutRequests: cut.reduce((sum, worker) => sum + worker.cutByLastChange, 0),
  };
}

/** `on 1 of 1 gateways`, for a summary. */
export function spreadText(spread: Spread): string {
  const rest = spread.gatewaysApplied === spread.gatewaysTotal ? '' : ' (the others serve nothing once their lease has ended, within 2 s)';
  return `on ${String(spread.gatewaysApplied)} of ${String(spread.gatewaysTotal)} gateways${rest}`;
}

export function authorOf(context: OperationContext, operation: string): { readonly actor: string; readonly runId: string; readonly operation: string } {
  return { actor: context.actor.id, runId: context.runId, operation };
}
