import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { asElulmcError, ElulmcError, toProblem } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import { parseFields } from '../operations/parse-fields.ts';
import type { Actor } from '../services/people/service.ts';
import { checkRunbook } from './check.ts';
import type { ParameterValues } from './parameters.ts';
import { MAX_RUNBOOK_BYTES, warmParser } from './parse.ts';
import { runRunbook } from './run.ts';
import type { RunParts } from './run.ts';
import type { Decision, EmitRunEvent } from './run-events.ts';

export interface RunbookRouteOptions extends Omit<RunParts, 'stopping'> {
  readonly authenticate: (request: FastifyRequest) => Promise<Actor>;
  /** The control API's own: its head goes out with the first event, so that an early refusal has its own status. */
  readonly openStream: (reply: FastifyReply) => { readonly send: EmitRunEvent; started(): boolean; end(): void };
}

/** JSON may need six bytes for one of the document. */
const BODY_LIMIT_BYTES = 6 * MAX_RUNBOOK_BYTES + 64 * 1024;

const checkBody = z.strictObject({ text: z.string() });
const runBody = z.strictObject({
  text: z.string(),
  section: z.string().min(1).max(1000).optional(),
  offered: z.array(z.string().max(200)).max(1000).default([]),
  prose: z.enum(['ask', 'skip', 'refuse']).default('ask'),
  runId: z
    .string()
    .refine((id) => isId('run', id), 'is not an id of the form run_...')
    .optional(),
});
const answerBody = z.strictObject({
  parameters: z.record(z.string(), z.string()).optional(),
  step: z.string().optional(),
  decision: z.enum(['confirmed', 'skipped', 'stop']).optional(),
});

/** What a run waits for, and who may answer. */
interface LiveRun {
  readonly actor: string;
  parameters: ((values: ParameterValues) => void) | undefined;
  person: { readonly step: string; readonly decide: (decision: Decision) => void } | undefined;
}

/** Resolves with what `expect` is given, or rejects when the caller goes or the server stops. */
function answered<T>(signal: AbortSignal, expect: (give: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    expect((value) => {
      signal.removeEventListener('abort', onAbort);
      resolve(value);
    });
  });
}

/** Routes of runbooks in the control API: check, run (server-sent events of run-events.ts), answer. */
export function registerRunbookRoutes(app: FastifyInstance, options: RunbookRouteOptions): void {
  const live = new Map<string, LiveRun>();
  const stopping = new AbortController();
  const parts: RunParts = { ...options, stopping: stopping.signal };
  warmParser();

  app.addHook('preClose', async () => {
    stopping.abort(new ElulmcError('INTERRUPTED', 'the control plane is stopping'));
    return Promise.resolve();
  });

  app.post('/v1/runbooks/check', { bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    await options.authenticate(request);
    return checkRunbook(options.catalogue, parseFields(checkBody, request.body).text);
  });

  app.post('/v1/runbooks/run', { bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const actor = await options.authenticate(request);
    const body = parseFields(runBody, request.body);
    const runId = body.runId ?? newId('run');
    if (live.has(runId)) throw new ElulmcError('CONFLICT', `${runId} is running`, { field: 'runId' });
    const run: LiveRun = { actor: actor.id, parameters: undefined, person: undefined };
    live.set(runId, run);
    const stream = options.openStream(reply);
    try {
      await startRun(parts, { ...body, runId, actor }, run, reply, stream.send);
    } catch (thrown) {
      if (!stream.started()) throw thrown;
      stream.send('error', toProblem(asElulmcError(thrown), request.id));
    } finally {
      live.delete(runId);
      stream.end();
    }
    return reply;
  });

  app.post<{ Params: { id: string } }>('/v1/runbooks/runs/:id/answer', async (request, reply) => {
    const actor = await options.authenticate(request);
    const run = live.get(request.params.id);
    if (run === undefined) throw new ElulmcError('NOT_FOUND', `no run ${request.params.id.slice(0, 40)} waits for an answer`);
    if (run.actor !== actor.id) throw new ElulmcError('NOT_ALLOWED', 'only who started the run answers its questions');
    takeAnswer(run, parseFields(answerBody, request.body));
    return reply.status(204).send();
  });
}

function startRun(
  parts: RunParts,
  request: z.output<typeof runBody> & { readonly runId: string; readonly actor: Actor },
  run: LiveRun,
  reply: FastifyReply,
  emit: EmitRunEvent,
): Promise<unknown> {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    gone.abort(new ElulmcError('INTERRUPTED', 'the caller of the run has gone'));
  });
  const signal = AbortSignal.any([parts.stopping, gone.signal]);
  return runRunbook(parts, {
    ...request,
    section: request.section,
    signal,
    emit,
    askParameters: () =>
      answered<ParameterValues>(signal, (give) => {
        run.parameters = give;
      }),
    askPerson: (step) =>
      answered<Decision>(signal, (decide) => {
        run.person = { step: step.id, decide };
        emit('question', step);
      }),
  });
}

function takeAnswer(run: LiveRun, answer: z.output<typeof answerBody>): void {
  const { parameters, step, decision } = answer;
  const { parameters: give, person } = run;
  if (parameters !== undefined && give !== undefined) {
    run.parameters = undefined;
    give(parameters);
    return;
  }
  if (decision === undefined || person?.step !== step || person === undefined) throw new ElulmcError('CONFLICT', 'the run does not wait for this answer');
  run.person = undefined;
  person.decide(decision);
}
