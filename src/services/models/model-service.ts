import { request } from 'undici';
import { monotonicMs, sleep } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import { adapterFor } from '../../upstreams/adapters.ts';
import type { UpstreamAdapter, UpstreamAddress } from '../../upstreams/adapter.ts';
import { readTokenFile } from '../../vault/token-file.ts';
import type { RouteTarget, UpstreamDefinition } from '../posture/snapshot.ts';
import type { ModelService, WarmUp } from './service.ts';

const LOAD_TIMEOUT_MS = 5_000;
const READY_TIMEOUT_MS = 120_000;
const WARM_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const SHOWN_CHARACTERS = 200;

function addressOf(upstream: UpstreamDefinition): UpstreamAddress {
  return { name: upstream.name, url: upstream.url, token: readTokenFile(upstream.tokenFile) };
}

async function awaitReady(adapter: UpstreamAdapter, address: UpstreamAddress): Promise<void> {
  const end = monotonicMs() + READY_TIMEOUT_MS;
  let pause = 50;
  while (!(await adapter.probe(address, AbortSignal.timeout(LOAD_TIMEOUT_MS)))) {
    if (monotonicMs() > end) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `upstream ${address.name} at ${address.url} is not ready after ${String(READY_TIMEOUT_MS / 1000)} s`);
    await sleep(pause);
    pause = Math.min(1_000, pause * 2);
  }
}

async function readLimited(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new ElulmcError('UPSTREAM_INVALID', 'the answer to the warm-up request is larger than 1 MiB');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of the first choice of a completion or a chat completion, or undefined when it is neither. */
function answerText(text: string): string | undefined {
  const choices = asRecord(parseAnswer(text))?.['choices'];
  const first = Array.isArray(choices) ? asRecord(choices[0]) : undefined;
  const said = first?.['text'] ?? asRecord(first?.['message'])?.['content'];
  if (typeof said === 'string') return said;
  return first === undefined ? undefined : '';
}

/** One real request of one token: a model that cannot answer it is no backup. */
async function ask(adapter: UpstreamAdapter, address: UpstreamAddress, model: string): Promise<string> {
  const chat = adapter.endpoints.has('/v1/chat/completions');
  const body = chat
    ? { model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1, temperature: 0 }
    : { model, prompt: 'Hello', max_tokens: 1, temperature: 0 };
  const answer = await request(address.url + (chat ? '/v1/chat/completions' : '/v1/completions'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(address.token === null ? {} : { authorization: `Bearer ${address.token}` }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WARM_TIMEOUT_MS),
  });
  const text = await readLimited(answer.body);
  const said = answer.statusCode === 200 ? answerText(text) : undefined;
  if (said === undefined) {
    throw new ElulmcError('UPSTREAM_INVALID', `upstream ${address.name} answered the warm-up request for ${model} with status ${String(answer.statusCode)}: ${text.slice(0, SHOWN_CHARACTERS)}`);
  }
  return said;
}

export function createModelService(): ModelService {
  return {
    load: (upstream) => adapterFor(upstream.engine).load(addressOf(upstream), AbortSignal.timeout(LOAD_TIMEOUT_MS)),

    async warm(upstream: UpstreamDefinition, target: RouteTarget): Promise<WarmUp> {
      const adapter = adapterFor(upstream.engine);
      const address = addressOf(upstream);
      const started = monotonicMs();
      try {
        await adapter.wake(address, target.model, AbortSignal.timeout(READY_TIMEOUT_MS));
        await awaitReady(adapter, address);
        const answer = await ask(adapter, address, target.model);
        return { upstream: upstream.name, model: target.model, tookMs: Math.round(monotonicMs() - started), answer: answer.slice(0, SHOWN_CHARACTERS) };
      } catch (error) {
        if (error instanceof ElulmcError) throw error;
        const timedOut = error instanceof Error && error.name === 'TimeoutError';
        const reason = error instanceof Error ? error.message : String(error);
        throw new ElulmcError(timedOut ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE', `upstream ${upstream.name} at ${upstream.url}: ${reason}`, { cause: error });
      }
    },
  };
}
