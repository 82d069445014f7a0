import { z } from 'zod';
import { monotonicMs } from '../../core/clock.ts';
import type { IsolationTarget } from '../../services/posture/service.ts';
import { activeTargets } from '../../services/posture/snapshot.ts';
import type { PostureSnapshot } from '../../services/posture/snapshot.ts';
import type { OperationContext } from '../context.ts';
import type { Performed, Plan } from '../declaration.ts';
import { isIsolated, isolatedFields, targetText } from '../isolation-targets.ts';
import { authorOf, awaitSpread, spreadFields, spreadText } from '../spread.ts';

/** What both operations of isolation give back. */
export const isolationOutput = z.object({
  version: z.int().describe('Posture version that carries the isolation.'),
  changed: z.boolean().describe('False when everything named was isolated already.'),
  isolated: isolatedFields.describe('What is isolated by this command.'),
  ...spreadFields,
  tookMs: z.number().describe('From the call to the answer of the last gateway, in milliseconds.'),
});

type IsolationOutput = z.output<typeof isolationOutput>;

/** The upstreams that serve now, each once: what isolation means when nothing is named. */
export function activeUpstreams(posture: PostureSnapshot): readonly IsolationTarget[] {
  const names = new Set(posture.routes.flatMap((route) => activeTargets(route).map((target) => target.upstream)));
  return [...names].map((name): IsolationTarget => ({ scope: 'upstream', target: name }));
}

function modelsBehind(posture: PostureSnapshot, target: IsolationTarget): readonly string[] {
  if (target.scope !== 'upstream') return [];
  return posture.routes.filter((route) => activeTargets(route).some((each) => each.upstream === target.target)).map((route) => route.model);
}

export function planIsolation(posture: PostureSnapshot, targets: readonly IsolationTarget[]): Plan {
  const changes: string[] = [];
  const notes: string[] = [];
  for (const target of targets) {
    if (isIsolated(posture, target)) {
      notes.push(`${targetText(target)} is isolated already`);
      continue;
    }
    changes.push(`isolate ${targetText(target)}: new requests are refused, running ones end`);
    const models = modelsBehind(posture, target);
    if (models.length > 0) notes.push(`${targetText(target)} serves ${models.join(', ')} now`);
  }
  if (targets.length === 0) notes.push('no route serves anything now');
  return { changes, notes };
}

export async function performIsolation(
  context: OperationContext,
  operation: string,
  targets: readonly IsolationTarget[],
  reason: string,
): Promise<Performed<IsolationOutput>> {
  const startedMs = monotonicMs();
  const { version, changed } = await context.services.posture.isolate(targets, reason, authorOf(context, operation));
  const spread = await awaitSpread(context, version);
  const tookMs = Math.round(monotonicMs() - startedMs);
  const names = targets.map(targetText).join(', ');
  const what = targets.length === 0 ? 'Nothing serves now, so nothing was isolated' : changed ? `Isolated ${names}` : `${names} had been isolated already`;
  return {
    output: { version, changed, isolated: targets.map((target) => ({ ...target })), ...spread, gatewaysUnreachable: [...spread.gatewaysUnreachable], tookMs },
    verdict: 'ok',
    summary: `${what}; applied ${spreadText(spread)}, ${String(spread.cutRequests)} running requests cut, ${String(tookMs)} ms.`,
  };
}

export function renderIsolation(output: IsolationOutput): readonly string[] {
  const unreachable =
    output.gatewaysUnreachable.length === 0
      ? []
      : [`not reached  ${output.gatewaysUnreachable.join(', ')} (nothing is served there once the lease has ended, within 2 s)`];
  return [
    `isolated     ${output.isolated.map(targetText).join(', ') || 'nothing'}${output.changed ? '' : ' (no change)'}`,
    `gateways     ${String(output.gatewaysApplied)} of ${String(output.gatewaysTotal)} applied posture version ${String(output.version)}`,
    ...unreachable,
    `cut          ${String(output.cutRequests)} running requests`,
    `took         ${String(output.tookMs)} ms`,
  ];
}
