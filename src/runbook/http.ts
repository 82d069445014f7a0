import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { parseFields } from '../operations/parse-fields.ts';
import type { Actor } from '../services/people/service.ts';
import type { ScheduleView } from '../services/schedules/schedule-views.ts';
import { hasEnded } from '../services/runs/service.ts';
import { checkRunbook } from './check.ts';
import { exportRun } from './export.ts';
import type { RunLedger } from './export.ts';
import { MAX_RUNBOOK_BYTES, warmParser } from './parse.ts';
import { planBody, planRunbook } from './plan.ts';
import type { RunParts } from './run-parts.ts';
import { abortBody, answerBody, resumeBody, startBody } from './run-requests.ts';
import type { RunService } from './run-service.ts';
import { MAX_EVIDENCE_BYTES } from './run-view.ts';
import type { RunStreamEvents, RunView } from './run-view.ts';
import { Turns } from './turns.ts';

type Send = <N extends keyof RunStreamEvents>(name: N, data: RunStreamEvents[N]) => void;

export interface RunbookRouteOptions extends Pick<RunParts, 'catalogue' | 'door' | 'approvals' | 'trusted'> {
  readonly runs: RunService;
  readonly schedules: { view(): Promise<readonly ScheduleView[]> };
  readonly ledger: RunLedger;
  readonly authenticate: (request: FastifyRequest) => Promise<Actor>;
  /** The control API's own: its head goes out with the first event, so that an early refusal has its own status. */
  readonly openStream: (reply: FastifyReply) => { readonly send: Send; started(): boolean; end(): void };
}

/** JSON may need six bytes for one of the document. */
const BODY_LIMIT_BYTES = 6 * MAX_RUNBOOK_BYTES + 64 * 1024;
const ANSWER_LIMIT_BYTES = Math.ceil((MAX_EVIDENCE_BYTES / 3) * 4) + 64 * 1024;

const checkBody = z.strictObject({ text: z.string() });
const listQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) });

interface WithId {
  Params: { id: string };
}

function idOf(request: { readonly params: WithId['Params'] }): string {
  const { id } = request.params;
  if (!isId('run', id)) throw new ElulmcError('NOT_FOUND', `there is no run ${id.slice(0, 40)}`);
  return id;
}

/** Routes of runbooks in the control API (run-view.ts has the shapes). */
export function registerRunbookRoutes(app: FastifyInstance, options: RunbookRouteOptions): void {
  const { authenticate, runs } = options;
  const stopping = new AbortController();
  const turns = new Turns();
  warmParser();
  app.addHook('preClose', async () => {
    stopping.abort(new ElulmcError('INTERRUPTED', 'the control plane is stopping'));
    return Promise.resolve();
  });

  app.post('/v1/runbooks/check', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const actor = await authenticate(request);
    return turns.take(actor.id, () => checkRunbook(options.catalogue, parseFields(checkBody, request.body).text, options.trusted));
  });
  app.post('/v1/runbooks/plan', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const actor = await authenticate(request);
    return turns.take(actor.id, () => planRunbook({ ...options, signal: stopping.signal }, parseFields(planBody, request.body), actor));
  });
  app.post('/v1/runbooks/runs', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const actor = await authenticate(request);
    return turns.take(actor.id, () => runs.start(parseFields(startBody, request.body), actor));
  });
  app.get('/v1/runbooks/runs', async (request) => {
    await authenticate(request);
    return { runs: await runs.list(parseFields(listQuery, request.query).limit) };
  });
  app.get('/v1/runbooks/schedules', async (request) => {
    await authenticate(request);
    return { schedules: await options.schedules.view() };
  });
  app.get<WithId>('/v1/runbooks/runs/:id', async (request) => {
    const actor = await authenticate(request);
    return runs.view(idOf(request), actor);
  });
  app.get<WithId>('/v1/runbooks/runs/:id/export', async (request, reply) => {
    const actor = await authenticate(request);
    const text = await exportRun(await runs.view(idOf(request), actor), options.ledger);
    return reply.type('text/markdown; charset=utf-8').send(text);
  });
  app.get<WithId>('/v1/runbooks/runs/:id/events', async (request, reply) => {
    const actor = await authenticate(request);
    const id = idOf(request);
    await runs.view(id, actor);
    await followRun(options, reply, stopping.signal, id, actor);
    return reply;
  });
  app.post<WithId>('/v1/runbooks/runs/:id/answer', { bodyLimit: ANSWER_LIMIT_BYTES }, async (request, reply) => {
    const actor = await authenticate(request);
    await runs.answer(idOf(request), parseFields(answerBody, request.body), actor);
    return reply.status(204).send();
  });
  app.post<WithId>('/v1/runbooks/runs/:id/resume', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const actor = await authenticate(request);
    return runs.resume(idOf(request), parseFields(resumeBody, request.body), actor);
  });
  app.post<WithId>('/v1/runbooks/runs/:id/abort', async (request) => {
    const actor = await authenticate(request);
    return runs.abort(idOf(request), parseFields(abortBody, request.body), actor);
  });
}

/** Until the run has ended, the viewer has gone or the server stops. A viewer who reads slowly misses states in between, never the last one. */
function followRun({ runs, openStream }: RunbookRouteOptions, reply: FastifyReply, stopping: AbortSignal, id: string, actor: Actor): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stream = openStream(reply);
  const socket = reply.raw;
  let late: RunView | undefined;
  const show = (view: RunView): void => {
    if (socket.writableNeedDrain) {
      late = view;
      return;
    }
    late = undefined;
    stream.send('run', view);
    if (hasEnded(view.state)) end();
  };
  const onDrain = (): void => {
    if (late !== undefined) show(late);
  };
  const unfollow = runs.follow(id, actor, (name, data) => {
    if (name === 'run') show(data as RunView);
    else if (stream.started() && !socket.writableNeedDrain) stream.send(name, data);
  });
  const end = (): void => {
    unfollow();
    socket.off('drain', onDrain).off('close', end);
    stopping.removeEventListener('abort', end);
    stream.end();
    resolve(undefined);
  };
  socket.on('drain', onDrain).once('close', end);
  stopping.addEventListener('abort', end, { once: true });
  return promise;
}
