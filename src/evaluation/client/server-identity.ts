import { sha256OfJson } from '../../core/canonical-json.ts';
import { asRecord } from '../../core/json.ts';
import type { UpstreamAddress } from '../../upstreams/adapter.ts';
import { readObject } from '../../upstreams/read-upstream.ts';

/** What a server says about itself that stays the same as long as it gives the same answers. Stored with every score. */
export interface ServerIdentity {
  readonly upstream: string;
  readonly url: string;
  readonly model: string;
  /** Engine's version; null when no route tells it. */
  readonly version: string | null;
  /** What `/v1/models` says the model was loaded from; null when it does not. */
  readonly root: string | null;
  readonly maxTokens: number | null;
}

/** Read-only routes that name a version, and the field (models.md, 4). SGLang's control routes act on GET: never ask others here. */
const VERSION_ROUTES: readonly (readonly [path: string, fields: readonly string[]])[] = [
  ['/version', ['version']],
  ['/props', ['build_info']],
  ['/info', ['version', 'model_sha']],
  ['/server_info', ['version']],
  ['/api/version', ['version']],
];

const LONGEST_TEXT = 200;

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST_TEXT) : null;
}

async function readVersion(address: UpstreamAddress, signal: AbortSignal): Promise<string | null> {
  for (const [path, fields] of VERSION_ROUTES) {
    const record = await readObject(address, path, signal);
    const found = fields.flatMap((field) => textOf(record?.[field]) ?? []);
    if (found.length > 0) return found.join(' ');
  }
  return null;
}

/**
 * Asks a server who it is. Throws UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT or UPSTREAM_TOO_LARGE when it cannot be reached; routes that it does not
 * have leave nulls.
 */
export async function readIdentity(address: UpstreamAddress, model: string, signal: AbortSignal): Promise<ServerIdentity> {
  const list = await readObject(address, '/v1/models', signal);
  const data: unknown = list?.['data'];
  const entries = Array.isArray(data) ? data.map(asRecord) : [];
  const entry = entries.find((candidate) => candidate?.['id'] === model);
  const length = entry?.['max_model_len'];
  return {
    upstream: address.name,
    url: address.url,
    model,
    version: await readVersion(address, signal),
    root: textOf(entry?.['root']),
    maxTokens: typeof length === 'number' && Number.isSafeInteger(length) ? length : null,
  };
}

/** Lower-case hex SHA-256: equal for servers that cannot be told apart. */
export function identityDigest(identity: ServerIdentity): string {
  return sha256OfJson(identity);
}
