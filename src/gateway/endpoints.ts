import type { PassThrough } from '../services/posture/snapshot.ts';
import type { Endpoint } from '../upstreams/adapter.ts';

/** What a path means. `operation` is the value of `gen_ai.operation.name` in metrics. */
export type Service =
  | { readonly kind: 'inference'; readonly operation: string; readonly endpoint: Endpoint }
  | { readonly kind: 'models'; readonly operation: string; readonly model: string | null }
  | { readonly kind: 'sessions'; readonly operation: string }
  | { readonly kind: 'pass'; readonly operation: string; readonly upstream: string };

const POST_SERVICES: ReadonlyMap<string, Service> = new Map<string, Service>([
  ['/v1/chat/completions', { kind: 'inference', operation: 'chat', endpoint: '/v1/chat/completions' }],
  ['/v1/completions', { kind: 'inference', operation: 'text_completion', endpoint: '/v1/completions' }],
  ['/v1/embeddings', { kind: 'inference', operation: 'embeddings', endpoint: '/v1/embeddings' }],
  ['/v1/responses', { kind: 'inference', operation: 'responses', endpoint: '/v1/responses' }],
  ['/v1/sessions', { kind: 'sessions', operation: 'sessions' }],
]);

const MODELS = '/v1/models';
const LIST: Service = { kind: 'models', operation: 'models', model: null };
/** Ways of writing a path that a server behind might read as another path. */
const AMBIGUOUS = /\.\.|%2e|%2f|%5c|\\|\/\/|%00/i;

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The service of a path, or the code of the refusal. A path that nobody declared is never forwarded. */
export function serviceOf(method: string, path: string, passThrough: readonly PassThrough[]): Service | 'ROUTE_UNKNOWN' | 'METHOD_NOT_ALLOWED' {
  const posted = POST_SERVICES.get(path);
  if (posted !== undefined) return method === 'POST' ? posted : 'METHOD_NOT_ALLOWED';
  if (path === MODELS || path.startsWith(`${MODELS}/`)) {
    if (method !== 'GET') return 'METHOD_NOT_ALLOWED';
    if (path === MODELS) return LIST;
    const model = decode(path.slice(MODELS.length + 1));
    return model === undefined || model === '' ? 'ROUTE_UNKNOWN' : { kind: 'models', operation: 'models', model };
  }
  if (AMBIGUOUS.test(path)) return 'ROUTE_UNKNOWN';
  const declared = passThrough.find((entry) => path === entry.path || path.startsWith(entry.path.endsWith('/') ? entry.path : `${entry.path}/`));
  return declared === undefined ? 'ROUTE_UNKNOWN' : { kind: 'pass', operation: 'pass_through', upstream: declared.upstream };
}
