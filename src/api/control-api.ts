import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { Door } from '../operations/door.ts';
import type { BreakGlassService } from '../services/approvals/break-glass.ts';
import type { Actor, PeopleService } from '../services/people/service.ts';
import { siteOf } from '../services/people/site.ts';
import type { Site } from '../services/people/site.ts';
import { createHostCheck } from './allowed-hosts.ts';
import { answerMalformed, answerProblem, asApiError } from './answer-problem.ts';
import { createAuthenticate } from './authentication.ts';
import type { Authenticate, RegisterRoutes } from './authentication.ts';
import type { HealthAnswer, MeAnswer } from './contract/control.ts';
import { buildOpenApi } from './openapi.ts';
import { registerOperationRoutes } from './routes/operation-routes.ts';
import { registerSignInRoutes } from './routes/sign-in-routes.ts';

/** One line of the request log. The route is the pattern: paths can hold secrets. */
export interface RequestLogLine {
  readonly at: string;
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly actor: string | null;
  readonly tookMs: number;
  /** Set for an answer of status 500: what happened, which the client is not told. */
  readonly error?: string;
  readonly errorId?: string;
}

export interface ControlApiOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Names beside the listening address and localhost that clients may use. */
  readonly hostNames?: readonly string[];
  readonly door: Door;
  readonly catalogue: readonly CatalogueEntry[];
  readonly people: PeopleService;
  readonly breakGlass: Pick<BreakGlassService, 'unreviewed'>;
  readonly localToken: string;
  /** User of this host who owns the local token. */
  readonly uid: number;
  readonly version: string;
  readonly health: () => Promise<HealthAnswer>;
  readonly onRequest: (line: RequestLogLine) => void;
  /** Routes of other rooms, under the same rules. */
  readonly extend?: readonly RegisterRoutes[];
  /** How browsers reach this server. Default: localhost with the port. */
  readonly site?: () => Site;
  /** Default 10. */
  readonly signInAttemptsPerMinute?: number;
}

export interface ControlApi {
  readonly port: number;
  /** Aborts what can be aborted, waits for the rest, closes. */
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** The token of an approval travels in a header. */
const MAX_HEADER_BYTES = 64 * 1024;

const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
];

/** Starts the control API. PORT_IN_USE when the port is taken. */
export async function startControlApi(options: ControlApiOptions): Promise<ControlApi> {
  const stopping = new AbortController();
  const actors = new WeakMap<object, Actor>();
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    genReqId: () => newId('req'),
    requestIdHeader: false,
    onProtoPoisoning: 'error',
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 256 },
    clientErrorHandler: answerMalformed,
    frameworkErrors: (thrown, _request, reply) => {
      void answerProblem(reply, asApiError(thrown));
    },
  });
  const site = options.site ?? ((): Site => siteOf({ origin: null, rpId: null }, (app.server.address() as AddressInfo).port));
  const authenticateToken = createAuthenticate({ people: options.people, localToken: options.localToken, uid: options.uid, site });
  const authenticate: Authenticate = async (request) => {
    const actor = await authenticateToken(request);
    actors.set(request, actor);
    return actor;
  };

  applyRules(app, options, actors);
  registerOperationRoutes(app, { catalogue: options.catalogue, door: options.door, authenticate, stopping: stopping.signal });
  registerSignInRoutes(app, { door: options.door, people: options.people, site, attemptsPerMinute: options.signInAttemptsPerMinute ?? 10 });
  registerFacts(app, options, authenticate);
  for (const register of options.extend ?? []) register(app, authenticate);

  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (thrown) {
    await app.close();
    if ((thrown as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw thrown;
    throw new ElulmcError('PORT_IN_USE', `${options.host}:${String(options.port)} is taken`, { cause: thrown, field: 'ELULMC_CONTROL_PORT' });
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    close: async () => {
      stopping.abort(new Error('the control plane is stopping'));
      await app.close();
    },
  };
}

/** What holds for every route: host check, headers, problems, log. */
function applyRules(app: FastifyInstance, options: ControlApiOptions, actors: WeakMap<object, Actor>): void {
  const checkHost = createHostCheck(options.host, options.hostNames ?? []);
  const starts = new WeakMap<object, number>();
  const failures = new WeakMap<object, ElulmcError>();

  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    starts.set(request, monotonicMs());
    void reply.header('x-request-id', request.id);
    for (const [name, value] of SECURITY_HEADERS) void reply.header(name, value);
    checkHost(request.headers.host);
    return Promise.resolve();
  });
  app.setNotFoundHandler((request, reply) =>
    answerProblem(reply, new ElulmcError('NOT_FOUND', `${request.method} ${request.url.slice(0, 200)} is not served; GET /openapi.json lists what is`)),
  );
  app.setErrorHandler((thrown, request, reply) => {
    const error = asApiError(thrown);
    failures.set(request, error);
    return answerProblem(reply, error);
  });
  app.addHook('onResponse', async (request, reply) => {
    const error = reply.statusCode >= 500 ? failures.get(request) : undefined;
    const cause = error?.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error?.message;
    options.onRequest({
      at: wallAt(),
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.raw.statusCode,
      actor: actors.get(request)?.id ?? null,
      tookMs: Math.round(monotonicMs() - (starts.get(request) ?? monotonicMs())),
      ...(error === undefined ? {} : { error: `${error.code}: ${cause ?? ''}`, errorId: error.id }),
    });
    return Promise.resolve();
  });
}

/** Routes that only tell. */
function registerFacts(app: FastifyInstance, options: ControlApiOptions, authenticate: Authenticate): void {
  let openApi: Promise<string> | undefined;

  app.get('/health', async (_request, reply) => {
    const health = await options.health();
    return reply.status(health.ok ? 200 : 503).send(health);
  });
  app.get('/openapi.json', async (_request, reply) => {
    openApi ??= buildOpenApi(options.catalogue, options.version).then((document) => JSON.stringify(document));
    return reply.type('application/json').send(await openApi);
  });
  app.get('/v1/me', async (request): Promise<MeAnswer> => {
    const actor = await authenticate(request);
    if (actor.kind !== 'person') return { kind: 'local', id: actor.id, name: null, role: null, unreviewedBreakGlass: null };
    const uses = (await options.breakGlass.unreviewed()).map(({ review: _review, ...use }) => use);
    return { kind: 'person', id: actor.id, name: actor.name, role: actor.role, unreviewedBreakGlass: { count: uses.length, uses } };
  });
}
