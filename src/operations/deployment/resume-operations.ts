import { z } from 'zod';
import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Touched } from '../../services/approvals/service.ts';
import { readKillSwitch, removeKillSwitch } from '../../services/posture/kill-switch-file.ts';
import type { IsolationTarget } from '../../services/posture/service.ts';
import type { PostureSnapshot } from '../../services/posture/snapshot.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { isIsolated, isolatedFields, namedTargets, targetFields, targetText } from '../isolation-targets.ts';
import { authorOf, awaitSpread, spreadFields, spreadText } from '../spread.ts';
import { touchedIsolation, touchedKillSwitch, touchedRoute } from '../touched-objects.ts';

const input = z.strictObject({
  killSwitch: z.boolean().default(false).describe('Remove the kill-switch file of this host too.'),
  restoreRoutes: z.boolean().default(false).describe('Let the primaries serve again, where a backup serves now.'),
  route: z.array(z.string().min(1)).min(1).optional().describe('Only let the primary of this model serve again, and lift nothing.'),
  ...targetFields,
});

const output = z.object({
  version: z.int(),
  lifted: isolatedFields.describe('Isolations that were lifted.'),
  remaining: isolatedFields.describe('Isolations that stay.'),
  restored: z.array(z.string()).describe('Public models that their primary serves again.'),
  killSwitchRemoved: z.boolean(),
  killSwitchPresent: z.boolean().describe('While it is there, this host serves nothing.'),
  ...spreadFields,
  tookMs: z.number(),
});

type Input = z.output<typeof input>;

/** Null lifts everything. */
function chosen(posture: PostureSnapshot, given: Input): readonly IsolationTarget[] | null {
  if (given.route !== undefined) return nothing(posture, given, given.route);
  const targets = namedTargets(posture, given);
  return targets.length === 0 ? null : targets;
}

/** USAGE for a route beside anything else, NOT_FOUND for one that is not there. */
function nothing(posture: PostureSnapshot, given: Input, routes: readonly string[]): readonly IsolationTarget[] {
  const isAlone = !given.killSwitch && !given.restoreRoutes && (given.model ?? given.upstream ?? given.key) === undefined;
  if (!isAlone) throw new ElulmcError('USAGE', '--route lifts nothing, so it is given alone', { field: 'route' });
  for (const model of routes) namedTargets(posture, { model });
  return [];
}

function liftable(posture: PostureSnapshot, targets: readonly IsolationTarget[] | null): readonly IsolationTarget[] {
  return targets === null ? posture.isolations : targets.filter((target) => isIsolated(posture, target));
}

function routesToRestore(posture: PostureSnapshot, given: Input): readonly string[] {
  const onBackup = posture.routes.filter((route) => route.active === 'backup').map((route) => route.model);
  if (given.route !== undefined) return onBackup.filter((model) => given.route?.includes(model));
  return given.restoreRoutes ? onBackup.filter((model) => given.model === undefined || model === given.model) : [];
}

function scopes(targets: readonly IsolationTarget[]): { scope: IsolationTarget['scope']; target: string | null }[] {
  return targets.map(({ scope, target }) => ({ scope, target }));
}

/** False for what an emergency has isolated since the plan: nobody has decided to lift it. */
function isPlanned({ planned }: OperationContext, { object, version }: Touched): boolean {
  return planned?.some((touched) => touched.object === object && touched.version === version) ?? true;
}

async function perform(context: OperationContext, given: Input) {
  const startedMs = monotonicMs();
  const { posture, home } = context.services;
  const author = authorOf(context, 'deployment resume-operations');
  const before = await posture.read();
  // What opens the doors widest comes last, so that nothing is served from a state that is only half restored.
  const restored = await posture.moveRoutes(routesToRestore(before, given), 'primary', author);
  const toLift = liftable(before, chosen(before, given)).filter((target) => isPlanned(context, touchedIsolation(before, target)));
  const { lifted } = await posture.lift(toLift, author);
  const killSwitchRemoved = given.killSwitch && isPlanned(context, touchedKillSwitch(home.killswitch)) && removeKillSwitch(home.killswitch);
  const after = await posture.read();
  const spread = await awaitSpread(context, after.version);
  const killSwitchPresent = readKillSwitch(home.killswitch) !== undefined;
  const tookMs = Math.round(monotonicMs() - startedMs);
  const parts = [
    lifted.length === 0 ? 'No isolation was lifted' : `Lifted ${lifted.map(targetText).join(', ')}`,
    ...(restored.moved.length === 0 ? [] : [`the primary serves ${restored.moved.join(', ')} again`]),
    ...(killSwitchRemoved ? ['the kill switch was removed'] : []),
    ...(killSwitchPresent ? ['the kill-switch file is still in place and isolates this host (--kill-switch removes it)'] : []),
    `applied ${spreadText(spread)}`,
  ];
  return {
    output: {
      version: after.version,
      lifted: scopes(lifted),
      remaining: scopes(after.isolations),
      restored: [...restored.moved],
      killSwitchRemoved,
      killSwitchPresent,
      ...spread,
      gatewaysUnreachable: [...spread.gatewaysUnreachable],
      tookMs,
    },
    verdict: killSwitchPresent ? ('finding' as const) : ('ok' as const),
    summary: `${parts.join('; ')}.`,
  };
}

export const resumeOperations = defineOperation({
  room: 'deployment',
  name: 'resume-operations',
  runbookLine: null,
  summary: 'Lift isolation, and on request the kill switch and the backup routes.',
  description:
    'Lifts every isolation, or only those that --model, --upstream and --key name. Routes stay where they are unless --restore-routes moves them back to their primaries; ' +
    '--route moves single routes back and lifts nothing; the kill-switch file of this host stays unless --kill-switch removes it, and while it is there the command exits 3, for the host still serves nothing. ' +
    'Routes move first, isolation is lifted next, the kill switch goes last.',
  risk: 'change',
  permission: 'secure',
  approvals: 0,
  anytime: true,
  input,
  output,
  frameworks: { csf: 'RC.RP' },
  examples: [
    'elulmc deployment resume-operations',
    'elulmc deployment resume-operations --kill-switch --restore-routes',
    'elulmc deployment resume-operations --upstream primary',
  ],
  errors: ['NOT_FOUND', 'USAGE', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const posture = await context.services.posture.read();
    const killSwitch = readKillSwitch(context.services.home.killswitch);
    const routes = routesToRestore(posture, given);
    const lifted = liftable(posture, chosen(posture, given));
    const removesKillSwitch = given.killSwitch && killSwitch !== undefined;
    const changes = [
      ...routes.map((model) => `serve ${model} from its primary again`),
      ...lifted.map((target) => `lift the isolation of ${targetText(target)}`),
      ...(removesKillSwitch ? ['remove the kill-switch file of this host'] : []),
    ];
    const touches = [
      ...routes.map((model) => touchedRoute(posture, model)),
      ...lifted.map((target) => touchedIsolation(posture, target)),
      ...(removesKillSwitch ? [touchedKillSwitch(context.services.home.killswitch)] : []),
    ];
    const stays = killSwitch !== undefined && !given.killSwitch;
    return { changes, touches, notes: stays ? ['the kill-switch file is in place and stays: this host will serve nothing (--kill-switch removes it)'] : [] };
  },
  perform,
  undo: 'elulmc security emergency-isolation isolates again; elulmc deployment activate-backup moves the routes again.',
});
