import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { wallAt } from '../../core/clock.ts';
import type { Config } from '../../core/config.ts';
import { childEnvironment } from '../../core/environment.ts';
import { ElulmcError } from '../../core/errors.ts';
import { prepareHome } from '../../core/home.ts';
import type { Home } from '../../core/home.ts';
import { isLock, releaseLock, takeLock } from '../../core/lock-file.ts';
import { createPrivateFile, readPrivateFile } from '../../core/private-file.ts';
import type { DeclaredRouting } from '../posture/service.ts';
import type { UpstreamDefinition } from '../posture/snapshot.ts';
import { supervise } from '../processes/supervised-child.ts';
import type { SupervisedChild, SupervisorEvents } from '../processes/supervised-child.ts';
import { schedulesOf } from '../schedules/built-in-schedules.ts';
import { acquireDatabase } from './acquire-database.ts';
import type { AcquiredDatabase } from './acquire-database.ts';
import { writeEndpoints } from './endpoints.ts';
import type { Endpoints } from './endpoints.ts';
import type { ControlRole, EngineRole, GatewayRole, RoleName } from './roles.ts';

const ENGINE_READY_MS = 120_000;
const CONTROL_READY_MS = 120_000;
const GATEWAY_READY_MS = 120_000;
const STOP_GRACE_MS = 5_000;

export interface InstallationOptions {
  readonly home: Home;
  readonly config: Config;
  /** File that the children run: `<entry> _role <name>`. */
  readonly entry: string;
  /** Folder that relative model paths of the configuration start from. */
  readonly root: string;
  readonly databaseUrl: string | undefined;
  readonly gatewayPort: number;
  readonly controlPort: number;
  /** What is happening, one short line each. */
  readonly onProgress: (text: string) => void;
}

export interface Installation {
  readonly endpoints: Endpoints;
  /** Set while nobody has signed in yet. */
  readonly adminLink: string | undefined;
  /** Set at the start that made it, and never again. */
  readonly demoKey: string | undefined;
  /** Set while the control plane of another host leads: where that one is. */
  readonly standbyFor: string | undefined;
  readonly pids: { readonly control: number; readonly gateway: readonly number[]; readonly engines: readonly number[] };
  /** Stops the children in the order gateway, control plane, engines; then an embedded database that nobody else uses. */
  stop(): Promise<void>;
}

/** Like Promise.all, but waits for all before it fails: nothing that is still starting is left behind. */
async function allSettled<T extends readonly unknown[]>(...promises: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const results = await Promise.allSettled(promises);
  const values: unknown[] = [];
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
    values.push(result.value);
  }
  return values as unknown as T;
}

type Engines = readonly { readonly child: SupervisedChild; readonly upstream: UpstreamDefinition }[];

class Starter {
  readonly options: InstallationOptions;
  readonly children: SupervisedChild[] = [];
  database: AcquiredDatabase | undefined;

  constructor(options: InstallationOptions) {
    this.options = options;
  }

  child(role: RoleName, name: string, start: () => unknown, readyTimeoutMs: number, events: Partial<SupervisorEvents> = {}): Promise<SupervisedChild> {
    const { home, entry, onProgress } = this.options;
    const specification = {
      name,
      entry,
      argv: ['_role', role],
      // One arena of malloc: with one for each thread a gateway worker holds about 20 MB more that nobody uses.
      env: childEnvironment({ ELULMC_HOME: home.root, MALLOC_ARENA_MAX: '1' }),
      logFile: join(home.run, 'log', `${name}.log`),
      start,
      readyTimeoutMs,
    };
    return supervise(specification, {
      onRestart: (child, reason) => {
        onProgress(`${child} ended (${reason}); starting it again`);
      },
      onReady: (child, ready) => {
        onProgress(`${child} is ready again`);
        events.onReady?.(child, ready);
      },
    }).then((started) => {
      this.children.push(started);
      return started;
    });
  }

  async engines(): Promise<Engines> {
    const { config, root } = this.options;
    return allSettled(
      ...config.engines.map(async (engine) => {
        let port = 0;
        const start = (): EngineRole => ({
          modelPath: isAbsolute(engine.model) ? engine.model : join(root, engine.model),
          servedName: engine.servedName,
          port,
          tokensPerSecond: engine.tokensPerSecond,
          sequences: engine.sequences,
        });
        const child = await this.child('engine', `engine-${engine.name}`, start, ENGINE_READY_MS);
        // A restarted engine keeps its port: the posture names its URL.
        port = Number(child.ready()['port']);
        return { child, upstream: { name: engine.name, url: `http://127.0.0.1:${String(port)}`, engine: 'embedded' as const, tokenFile: null } };
      }),
    );
  }

  async stop(): Promise<void> {
    for (const prefix of ['gateway', 'control', 'engine']) {
      await Promise.all(this.children.filter((child) => child.name.startsWith(prefix)).map((child) => child.stop(STOP_GRACE_MS)));
    }
    await this.database?.release();
  }
}

/** Kept in a file, so that Prometheus can be given it once (`bearer_token_file`). */
function internalToken(home: Home): string {
  const path = join(home.keys, 'internal.token');
  return (readPrivateFile(path) ?? createPrivateFile(path, randomBytes(32).toString('base64url'))).toString('latin1').trim();
}

function routingOf(config: Config, engines: Engines): DeclaredRouting {
  return {
    streamGraceMs: config.gateway.streamGraceMs,
    upstreams: [...config.upstreams, ...engines.map((engine) => engine.upstream)],
    routes: config.routes,
    passThrough: config.passThrough,
  };
}

async function startChildren(starter: Starter): Promise<Omit<Installation, 'stop'>> {
  const { options } = starter;
  const { home, config } = options;
  options.onProgress('starting the database and the model servers');
  const [database, engines] = await allSettled(
    acquireDatabase(home, options.databaseUrl).then((acquired) => (starter.database = acquired)),
    starter.engines(),
  );

  const localToken = `ell_${randomBytes(32).toString('base64url')}`;
  const controlRole: ControlRole = {
    home: home.root,
    databaseUrl: database.url,
    host: config.control.host,
    port: options.controlPort,
    localToken,
    routing: routingOf(config, engines),
    settings: {
      name: config.control.name,
      environment: config.environment,
      approvals: config.approvals,
      windows: config.windows,
      schedules: schedulesOf(config),
      gates: config.gates,
      runbooks: config.runbooks,
      signIn: config.signIn,
    },
    demoModel: config.routes[0]?.model ?? null,
  };
  options.onProgress('starting the control plane');
  let tellGateway = (): void => undefined;
  const control = await starter.child('control', 'control', () => controlRole, CONTROL_READY_MS, {
    onReady: () => {
      tellGateway();
    },
  });

  const gatewayRole: GatewayRole = {
    home: home.root,
    installationId: String(control.ready()['installationId']),
    databaseUrl: database.url,
    name: config.gateway.name,
    host: config.gateway.host,
    port: options.gatewayPort,
    workers: config.gateway.workers,
    internalPort: config.gateway.internalPort,
    internalToken: internalToken(home),
  };
  options.onProgress('starting the gateway');
  const gateway = await starter.child('gateway', `gateway-${config.gateway.name}`, () => gatewayRole, GATEWAY_READY_MS, {
    onReady: () => {
      tellGateway();
    },
  });
  tellGateway = () => {
    const url = `http://127.0.0.1:${String(gateway.ready()['internalPort'])}`;
    control.send({ type: 'gateways', links: [{ name: gatewayRole.name, url, token: gatewayRole.internalToken }] });
  };
  tellGateway();

  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const workerPids = gateway.ready()['workerPids'];
  return {
    endpoints: {
      controlUrl: `http://${config.control.host}:${String(control.ready()['port'])}`,
      ...(config.signIn.origin === null ? {} : { siteOrigin: new URL(config.signIn.origin).origin }),
      gatewayUrl: `http://${config.gateway.host}:${String(gateway.ready()['port'])}/v1`,
      databaseUrl: database.url,
      metricsUrl: `http://127.0.0.1:${String(gateway.ready()['internalPort'])}/metrics`,
      localToken,
      pid: process.pid,
      startedAt: wallAt(),
    },
    adminLink: text(control.ready()['adminLink']),
    demoKey: text(control.ready()['demoKey']),
    standbyFor: text(control.ready()['standbyFor']),
    pids: {
      control: control.pid() ?? 0,
      gateway: [gateway.pid() ?? 0, ...(Array.isArray(workerPids) ? (workerPids as number[]) : [])],
      engines: engines.map((engine) => engine.child.pid() ?? 0),
    },
  };
}

/**
 * Starts everything of one home on this host and keeps it running. HOME_IN_USE when another `elulmc up` has it;
 * START_FAILED, PORT_IN_USE, CONFIG_INVALID, KEY_FILE_UNSAFE or INTEGRITY_VIOLATION when a part cannot start, and
 * then nothing that was started is left behind.
 */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { home } = options;
  prepareHome(home);
  const lock = takeLock(join(home.run, 'up.lock'));
  if (!isLock(lock)) throw new ElulmcError('HOME_IN_USE', `${home.root} is used by process ${String(lock.pid)} on ${lock.host}`);
  const starter = new Starter(options);
  const stop = async (): Promise<void> => {
    try {
      await starter.stop();
    } finally {
      rmSync(home.endpoints, { force: true });
      releaseLock(lock);
    }
  };
  try {
    const started = await startChildren(starter);
    writeEndpoints(home, started.endpoints);
    return { ...started, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
