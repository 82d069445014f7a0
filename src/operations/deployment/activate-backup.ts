import { z } from 'zod';
import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { readKillSwitch } from '../../services/posture/kill-switch-file.ts';
import type { PostureSnapshot, RouteDefinition, RouteTarget, UpstreamDefinition } from '../../services/posture/snapshot.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { targetText } from '../isolation-targets.ts';
import { authorOf, awaitSpread, spreadFields, spreadText } from '../spread.ts';
import { touchedRoute } from '../touched-objects.ts';

const input = z.strictObject({
  model: z.string().min(1).optional().describe('Only the route of this public model. Default: every route that has a backup.'),
});

const output = z.object({
  version: z.int().describe('Posture version that serves from the backup.'),
  changed: z.boolean().describe('False when the backup served already.'),
  moved: z.array(z.string()).describe('Public models that the backup serves now and did not before.'),
  already: z.array(z.string()).describe('Public models that the backup served already.'),
  warmUps: z.array(
    z.object({ upstream: z.string(), model: z.string(), tookMs: z.number(), answer: z.string().describe('What the backup answered to a real request.') }),
  ),
  ...spreadFields,
  tookMs: z.number(),
});

interface Move {
  readonly route: RouteDefinition;
  readonly backup: RouteTarget;
  readonly upstream: UpstreamDefinition;
}

function chosenRoutes(posture: PostureSnapshot, model: string | undefined): readonly RouteDefinition[] {
  if (model !== undefined) {
    const route = posture.routes.find((candidate) => candidate.model === model);
    const known = posture.routes.map((candidate) => candidate.model).join(', ') || 'none';
    if (route === undefined) throw new ElulmcError('NOT_FOUND', `there is no model "${model}"; known: ${known}`, { field: 'model' });
    if (route.backup === null) throw new ElulmcError('CONFLICT', `the route of ${model} has no backup; name one in config.yaml`, { field: 'model' });
    return [route];
  }
  const routes = posture.routes.filter((route) => route.backup !== null);
  if (routes.length === 0) throw new ElulmcError('CONFLICT', 'no route has a backup; name one in config.yaml');
  return routes;
}

function refuseIsolated(posture: PostureSnapshot, { route, backup }: Move): void {
  const isolation = posture.isolations.find(
    ({ scope, target }) => scope === 'all' || (scope === 'model' && target === route.model) || (scope === 'upstream' && target === backup.upstream),
  );
  if (isolation === undefined) return;
  throw new ElulmcError(
    'CONFLICT',
    `the backup ${backup.upstream} of ${route.model} could not serve: ${targetText(isolation)} is isolated by ${isolation.author}; elulmc deployment resume-operations lifts it`,
  );
}

/** The routes to move, in order. Refuses what could not serve afterwards: a backup that answers nobody is no backup. */
function movesOf(
  context: OperationContext,
  posture: PostureSnapshot,
  model: string | undefined,
): { readonly moves: readonly Move[]; readonly already: readonly string[] } {
  const killSwitch = readKillSwitch(context.services.home.killswitch);
  if (killSwitch !== undefined)
    throw new ElulmcError('KILLSWITCH_PRESENT', `${context.services.home.killswitch} was put there by ${killSwitch.author} (${killSwitch.reason})`);
  const routes = chosenRoutes(posture, model);
  const moves: Move[] = [];
  for (const route of routes.filter((candidate) => candidate.active === 'primary')) {
    const { backup } = route;
    const upstream = posture.upstreams.find((candidate) => candidate.name === backup?.upstream);
    if (backup === null || upstream === undefined) throw new ElulmcError('CONFLICT', `the backup of ${route.model} names an upstream that does not exist`);
    const move: Move = { route, backup, upstream };
    refuseIsolated(posture, move);
    moves.push(move);
  }
  return { moves, already: routes.filter((route) => route.active === 'backup').map((route) => route.model) };
}

export const activateBackup = defineOperation({
  room: 'deployment',
  name: 'activate-backup',
  runbookLine: 'deployment/activate_backup.sh',
  summary: 'Let the backup model answer, after it has answered a real request.',
  description:
    'Wakes the backup, sends it one real request, and only then moves the route to it. Without --model it does so for every route that has a backup. ' +
    'A route that the backup serves already is left as it is. It refuses while the kill-switch file of this host is in place, and when the backup itself is isolated. ' +
    'When a warm-up fails no route is moved.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  anytime: true,
  input,
  output,
  frameworks: { csf: 'RC.RP', atlas: ['AML.T0076', 'AML.T0029'] },
  examples: ['elulmc deployment activate-backup', 'elulmc deployment activate-backup --model elulmc-demo --dry-run'],
  errors: ['KILLSWITCH_PRESENT', 'NOT_FOUND', 'CONFLICT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_INVALID', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const posture = await context.services.posture.read();
    const { moves, already } = movesOf(context, posture, given.model);
    return {
      changes: moves.map(({ route, backup }) => `serve ${route.model} from ${backup.upstream} (${backup.model}), after it has answered a request`),
      notes: already.map((model) => `${model} is served by its backup already`),
      touches: moves.map(({ route }) => touchedRoute(posture, route.model)),
    };
  },
  perform: async (context, given) => {
    const startedMs = monotonicMs();
    const { posture, models } = context.services;
    const { moves, already } = movesOf(context, await posture.read(), given.model);
    const warmUps = [];
    for (const { backup, upstream } of moves) {
      context.progress(`sending a request to ${backup.upstream} (${backup.model})`);
      warmUps.push(await models.warm(upstream, backup));
      context.signal.throwIfAborted();
    }
    const { version, changed, moved } = await posture.moveRoutes(
      moves.map(({ route }) => route.model),
      'backup',
      authorOf(context, 'deployment activate-backup'),
    );
    const spread = await awaitSpread(context, version);
    const tookMs = Math.round(monotonicMs() - startedMs);
    const what = moved.length === 0 ? `The backup served already: ${already.join(', ')}` : `The backup serves ${moved.join(', ')}`;
    return {
      output: { version, changed, moved: [...moved], already: [...already], warmUps, ...spread, gatewaysUnreachable: [...spread.gatewaysUnreachable], tookMs },
      verdict: 'ok',
      summary: `${what}; applied ${spreadText(spread)}, ${String(tookMs)} ms.`,
    };
  },
  undo: 'elulmc deployment resume-operations --route MODEL',
  compensate: (_given, { moved }) => (moved.length === 0 ? null : { room: 'deployment', name: 'resume-operations', input: { route: moved } }),
});
