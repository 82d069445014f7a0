import { Pool } from 'undici';
import type { EngineKind, UpstreamDefinition } from '../../services/posture/snapshot.ts';
import type { UpstreamAdapter } from '../../upstreams/adapter.ts';
import { readTokenFile } from '../../vault/token-file.ts';
import type { GatewaySettings } from '../settings.ts';

/** One model server as a worker uses it. */
export interface Upstream {
  readonly definition: UpstreamDefinition;
  readonly adapter: UpstreamAdapter;
  readonly pool: Pool;
  /** Prefix of every path on this upstream, without a trailing slash. */
  readonly prefix: string;
  /** `Bearer ...` or null. Undefined when the token file cannot be used: the upstream is not called then. */
  readonly authorization: string | null | undefined;
  /** What the last probe said. Only a preference: a request may still be sent to one that is not ready. */
  ready: boolean;
}

/** The worker's connections to the model servers of the posture, and which of them answer. */
export class UpstreamSet {
  readonly #settings: GatewaySettings;
  readonly #adapterFor: (engine: EngineKind) => UpstreamAdapter;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #timer: NodeJS.Timeout;

  constructor(settings: GatewaySettings, adapterFor: (engine: EngineKind) => UpstreamAdapter) {
    this.#settings = settings;
    this.#adapterFor = adapterFor;
    this.#timer = setInterval(() => {
      for (const upstream of this.#upstreams.values()) this.#probe(upstream);
    }, settings.probeIntervalMs);
    this.#timer.unref();
  }

  get(name: string): Upstream | undefined {
    return this.#upstreams.get(name);
  }

  /** Follows the posture: opens what is new or changed, closes what is gone once its requests have ended. */
  update(definitions: readonly UpstreamDefinition[]): void {
    const names = new Set(definitions.map((definition) => definition.name));
    for (const [name, upstream] of this.#upstreams) {
      if (!names.has(name)) this.#drop(upstream);
    }
    for (const definition of definitions) {
      const known = this.#upstreams.get(definition.name);
      if (known !== undefined && JSON.stringify(known.definition) === JSON.stringify(definition)) continue;
      if (known !== undefined) this.#drop(known);
      const opened = this.#open(definition);
      if (opened === undefined) continue;
      this.#upstreams.set(definition.name, opened);
      this.#probe(opened);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const pools = [...this.#upstreams.values()].map((upstream) => upstream.pool.destroy());
    this.#upstreams.clear();
    await Promise.all(pools);
  }

  #drop(upstream: Upstream): void {
    this.#upstreams.delete(upstream.definition.name);
    upstream.pool.close().catch(() => undefined);
  }

  /** Undefined when the address is not a URL: every request to it is answered UPSTREAM_UNAVAILABLE. */
  #open(definition: UpstreamDefinition): Upstream | undefined {
    if (!URL.canParse(definition.url)) return undefined;
    const url = new URL(definition.url);
    const { connections, connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs } = this.#settings;
    const pool = new Pool(url.origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      connectTimeout: connectTimeoutMs,
      headersTimeout: firstByteTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      keepAliveTimeout: 4_000,
    });
    const prefix = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '');
    return { definition, adapter: this.#adapterFor(definition.engine), pool, prefix, authorization: authorizationOf(definition), ready: true };
  }

  #probe(upstream: Upstream): void {
    const { name, url } = upstream.definition;
    const token = upstream.authorization?.slice('Bearer '.length) ?? null;
    upstream.adapter.probe({ name, url, token }, AbortSignal.timeout(this.#settings.probeIntervalMs)).then(
      (ready) => {
        upstream.ready = ready;
      },
      () => {
        upstream.ready = false;
      },
    );
  }
}

function authorizationOf(definition: UpstreamDefinition): string | null | undefined {
  try {
    const token = readTokenFile(definition.tokenFile);
    return token === null ? null : `Bearer ${token}`;
  } catch {
    return undefined;
  }
}
