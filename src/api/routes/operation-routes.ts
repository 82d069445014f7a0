import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toProblem } from '../../core/errors.ts';
import type { CatalogueEntry } from '../../operations/catalogue.ts';
import type { Door } from '../../operations/door.ts';
import { parseFields } from '../../operations/parse-fields.ts';
import type { OperationCall } from '../../operations/report.ts';
import { asApiError } from '../answer-problem.ts';
import type { Authenticate } from '../authentication.ts';
import { readCallHeaders } from '../call-headers.ts';
import type { CatalogueAnswer } from '../contract/control.ts';
import type { OperationEvents } from '../contract/control.ts';
import { openEventStream } from '../event-stream.ts';

export interface OperationRouteOptions {
  readonly catalogue: readonly CatalogueEntry[];
  readonly door: Door;
  readonly authenticate: Authenticate;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** Strict, because a misspelled dry run would be performed. */
const query = z.strictObject({ 'dry-run': z.enum(['true', 'false', '']).optional() });

/** Aborts when the server stops; for a read also when its caller has gone. A change goes on: the caller can ask for it again by its run id. */
function signalFor(reply: FastifyReply, entry: CatalogueEntry | undefined, stopping: AbortSignal): AbortSignal {
  if (entry?.risk !== 'read') return stopping;
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('the caller has gone'));
  });
  return AbortSignal.any([stopping, gone.signal]);
}

export function registerOperationRoutes(app: FastifyInstance, options: OperationRouteOptions): void {
  const { catalogue, door, authenticate, stopping } = options;

  app.get('/v1/operations', async (request): Promise<CatalogueAnswer> => {
    await authenticate(request);
    return { operations: catalogue.map(({ room, name, runbookLine, summary, risk, local }) => ({ room, name, runbookLine, summary, risk, local })) };
  });

  app.post<{ Params: { room: string; name: string } }>('/v1/operations/:room/:name', async (request, reply) => {
    const actor = await authenticate(request);
    const { room, name } = request.params;
    const dryRun = parseFields(query, request.query)['dry-run'];
    const entry = catalogue.find((candidate) => candidate.room === room && candidate.name === name);
    const call: OperationCall = {
      room,
      name,
      input: request.body ?? {},
      actor,
      ...readCallHeaders(request),
      dryRun: dryRun === 'true' || dryRun === '',
      signal: signalFor(reply, entry, stopping),
    };
    const wantsEvents = request.headers.accept?.includes('text/event-stream') ?? false;
    if (wantsEvents) return streamCall(door, call, request, reply);
    const report = await door.call(call);
    return reply.header('x-run-id', report.runId).send(report);
  });
}

/** The head goes out with the first event, so that what is refused before any progress has its own status. */
async function streamCall(door: Door, call: OperationCall, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const stream = openEventStream<OperationEvents>(reply);
  try {
    const report = await door.call({
      ...call,
      onProgress: (text) => {
        stream.send('progress', { text });
      },
    });
    stream.send('result', report);
  } catch (thrown) {
    if (!stream.started()) throw thrown;
    stream.send('error', toProblem(asApiError(thrown), request.id));
  } finally {
    stream.end();
  }
  return reply;
}
