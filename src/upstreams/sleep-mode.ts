import { ElulmcError } from '../core/errors.ts';
import type { UpstreamAddress } from './adapter.ts';
import { readObject, readUpstream } from './read-upstream.ts';

/** Weights of a big model are read from disk. */
const WAKE_MS = 10 * 60_000;

/**
 * vLLM's sleep mode (`VLLM_SERVER_DEV_MODE=1` with `--enable-sleep-mode`); an engine without it never sleeps. Throws
 * when the engine cannot be reached.
 */
export async function isSleeping(address: UpstreamAddress, signal: AbortSignal): Promise<boolean> {
  return (await readObject(address, '/is_sleeping', signal))?.['is_sleeping'] === true;
}

/** Loads the model of an engine that sleeps; asks first, because waking an engine that is awake is not defined. */
export async function wakeSleeping(address: UpstreamAddress, signal: AbortSignal): Promise<void> {
  if (!(await isSleeping(address, signal))) return;
  const reply = await readUpstream(address, { path: '/wake_up', body: {}, timeoutMs: WAKE_MS }, signal);
  if (reply.status !== 200) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `${address.name} does not wake up: /wake_up answered ${String(reply.status)}`);
}
