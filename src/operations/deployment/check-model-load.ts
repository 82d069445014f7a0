import { z } from 'zod';
import type { PostureSnapshot } from '../../services/posture/snapshot.ts';
import { defineOperation } from '../declaration.ts';

const output = z.object({
  upstreams: z.array(
    z.object({
      name: z.string(),
      engine: z.string(),
      ready: z.boolean(),
      running: z.number().nullable().describe('Requests that run; null when the engine does not tell.'),
      waiting: z.number().nullable().describe('Requests that wait; null when the engine does not tell.'),
      kvUsed: z.number().nullable().describe('Used share of the KV cache, 0 to 1; null when the engine does not tell.'),
      tokensPerSecond: z.number().nullable(),
      loadedModels: z.array(z.string()).nullable(),
      isolated: z.boolean(),
      routes: z.array(z.object({ model: z.string(), side: z.enum(['primary', 'backup']), active: z.boolean().describe('Whether this side serves now.') })),
    }),
  ),
});

type Upstream = z.output<typeof output>['upstreams'][number];

function routesOf(posture: PostureSnapshot, upstream: string): Upstream['routes'] {
  return posture.routes.flatMap((route) => {
    const primary = route.targets.some((target) => target.upstream === upstream);
    const backup = route.backup?.upstream === upstream;
    return [
      ...(primary ? [{ model: route.model, side: 'primary' as const, active: route.active === 'primary' }] : []),
      ...(backup ? [{ model: route.model, side: 'backup' as const, active: route.active === 'backup' }] : []),
    ];
  });
}

function isIsolated(posture: PostureSnapshot, upstream: string): boolean {
  return posture.isolations.some(({ scope, target }) => scope === 'all' || (scope === 'upstream' && target === upstream));
}

function shown(value: number | null, unit = ''): string {
  return value === null ? 'not told' : `${String(Math.round(value * 10) / 10)}${unit}`;
}

function line(upstream: Upstream): string {
  const state = `${upstream.ready ? 'ready' : 'DOWN'}${upstream.isolated ? ', isolated' : ''}`;
  const kv = shown(upstream.kvUsed === null ? null : upstream.kvUsed * 100, ' %');
  const load = `running ${shown(upstream.running)}, waiting ${shown(upstream.waiting)}, KV cache ${kv}, tokens/s ${shown(upstream.tokensPerSecond)}`;
  const routes = upstream.routes.map((route) => `${route.model} (${route.side}${route.active ? ', serves now' : ''})`).join(', ');
  return `${upstream.name} [${upstream.engine}] ${state}: ${load}; routes: ${routes || 'none'}`;
}

export const checkModelLoad = defineOperation({
  room: 'deployment',
  name: 'check-model-load',
  runbookLine: 'deployment/check_model_load.sh',
  summary: 'Show the load of every model server and which routes use it.',
  description:
    'Asks every model server for its load: running and waiting requests, used KV cache, tokens per second, loaded models. What an engine does not tell is shown as such and never estimated. ' +
    'A model server that cannot be reached or is not ready is a finding (exit 3).',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({}),
  output,
  frameworks: { csf: 'DE.CM', atlas: ['AML.T0029', 'AML.T0034.001'] },
  examples: ['elulmc deployment check-model-load', 'elulmc deployment check-model-load --json'],
  errors: ['DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context) => {
    const posture = await context.services.posture.read();
    const upstreams = await Promise.all(
      posture.upstreams.map(async (upstream): Promise<Upstream> => {
        const load = await context.services.models.load(upstream);
        return {
          name: upstream.name,
          engine: upstream.engine,
          ...load,
          loadedModels: load.loadedModels === null ? null : [...load.loadedModels],
          isolated: isIsolated(posture, upstream.name),
          routes: routesOf(posture, upstream.name),
        };
      }),
    );
    const down = upstreams.filter((upstream) => !upstream.ready).map((upstream) => upstream.name);
    return {
      output: { upstreams },
      verdict: down.length === 0 ? 'ok' : 'finding',
      summary: down.length === 0 ? `All ${String(upstreams.length)} model servers are ready.` : `Not ready: ${down.join(', ')}.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ upstreams }) => (upstreams.length === 0 ? ['no model server is configured'] : upstreams.map(line)),
});
