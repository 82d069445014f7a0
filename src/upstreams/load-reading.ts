import { asRecord } from '../core/json.ts';
import type { UpstreamAddress, UpstreamLoad } from './adapter.ts';
import { parsePrometheusText } from './prometheus-text.ts';
import type { Sample } from './prometheus-text.ts';
import { readObject, readUpstream } from './read-upstream.ts';

const NOT_READY: UpstreamLoad = { ready: false, running: null, waiting: null, kvUsed: null, tokensPerSecond: null, loadedModels: null };

/** True when the path answers 200. Never throws. */
export async function answersOk(address: UpstreamAddress, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await readUpstream(address, { path }, signal)).status === 200;
  } catch {
    return false;
  }
}

/** The reading, or "not ready" when the engine cannot be reached. Never throws. */
export async function readOrNotReady(read: () => Promise<UpstreamLoad | null>): Promise<UpstreamLoad> {
  try {
    return (await read()) ?? NOT_READY;
  } catch {
    return NOT_READY;
  }
}

/** Samples of `/metrics`; none when the engine does not offer them. Throws when it cannot be reached. */
export async function readMetrics(address: UpstreamAddress, signal: AbortSignal): Promise<readonly Sample[]> {
  const reply = await readUpstream(address, { path: '/metrics' }, signal);
  return reply.status === 200 ? parsePrometheusText(reply.text) : [];
}

export interface ListedModel {
  readonly id: string;
  /** Only routers tell: `loaded`, `loading`, `unloaded`, ... */
  readonly status: string | null;
  readonly failed: boolean;
}

/** Models of an OpenAI list reply; undefined when it is none. Throws when the engine cannot be reached. */
export async function readModels(address: UpstreamAddress, path: string, signal: AbortSignal): Promise<readonly ListedModel[] | undefined> {
  const list = (await readObject(address, path, signal))?.['data'];
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((item) => {
    const model = asRecord(item);
    const id = model?.['id'];
    const status = asRecord(model?.['status']);
    const value = status?.['value'];
    return typeof id === 'string' ? [{ id, status: typeof value === 'string' ? value : null, failed: status?.['failed'] === true }] : [];
  });
}
