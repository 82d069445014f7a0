import { monotonicMs, sleep } from '../core/clock.ts';
import { asRecord } from '../core/json.ts';
import { exchange, send } from './http-client.ts';

/** One streamed answer as a client saw it. Times are monotonic milliseconds of this process. */
export interface StreamSeen {
  requestId: string | null;
  status: number;
  firstByteAtMs: number | null;
  lastByteAtMs: number | null;
  endedAtMs: number | null;
  /** Code of the SSE error event that ended it, if one did. */
  errorCode: string | null;
  completed: boolean;
}

/** One plain call as a client saw it. */
export interface CallSeen {
  readonly requestId: string | null;
  readonly status: number;
  readonly at: number;
  readonly code: string | null;
  /** Name of the model that answered. */
  readonly model: string | null;
}

export interface TrafficOptions {
  /** `http://127.0.0.1:4180/v1` */
  readonly gatewayUrl: string;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly plainCallers: number;
  readonly pauseMs: number;
}

const PROMPT = 'Call me Ishmael.';

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function codeOf(body: Record<string, unknown> | undefined): string | null {
  const code = asRecord(body?.['error'])?.['code'];
  return typeof code === 'string' ? code : null;
}

/** Clients of a drill: streams that are opened once, plain calls that go on until told to stop. */
export class Traffic {
  readonly streams: StreamSeen[] = [];
  readonly calls: CallSeen[] = [];
  private readonly options: TrafficOptions;
  private readonly stopped = new AbortController();
  private readonly running: Promise<void>[] = [];
  private turn = 0;

  constructor(options: TrafficOptions) {
    this.options = options;
  }

  private nextToken(): string {
    const { tokens } = this.options;
    return tokens[this.turn++ % tokens.length] ?? '';
  }

  startPlainCalls(): void {
    for (let i = 0; i < this.options.plainCallers; i++) this.running.push(this.plainCaller());
  }

  openStreams(count: number, maxTokens: number): void {
    for (let i = 0; i < count; i++) this.running.push(this.stream(maxTokens));
  }

  /** Streams that got a first byte and have not ended. */
  openNow(): number {
    return this.streams.filter((stream) => stream.firstByteAtMs !== null && stream.endedAtMs === null).length;
  }

  /** Makes one plain call and keeps it with the others. */
  async call(token: string): Promise<CallSeen> {
    const seen = await this.plainCall(token);
    this.calls.push(seen);
    return seen;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.all(this.running);
  }

  private async plainCall(token: string): Promise<CallSeen> {
    const url = `${this.options.gatewayUrl}/chat/completions`;
    const body = { model: this.options.model, messages: [{ role: 'user', content: PROMPT }], max_tokens: 2, temperature: 0 };
    const answer = await exchange({ url, method: 'POST', token, body });
    const parsed = parse(answer.body);
    const model = parsed?.['model'];
    return { requestId: answer.requestId, status: answer.status, at: monotonicMs(), code: codeOf(parsed), model: typeof model === 'string' ? model : null };
  }

  private async plainCaller(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      await this.call(this.nextToken());
      await sleep(this.options.pauseMs, this.stopped.signal).catch(() => undefined);
    }
  }

  private async stream(maxTokens: number): Promise<void> {
    const seen: StreamSeen = { requestId: null, status: 0, firstByteAtMs: null, lastByteAtMs: null, endedAtMs: null, errorCode: null, completed: false };
    this.streams.push(seen);
    const url = `${this.options.gatewayUrl}/chat/completions`;
    const body = { model: this.options.model, messages: [{ role: 'user', content: PROMPT }], max_tokens: maxTokens, temperature: 0.8, stream: true };
    let text = '';
    await send({ url, method: 'POST', token: this.nextToken(), body }, (answer) => {
      const requestId = answer.headers['x-request-id'];
      seen.requestId = typeof requestId === 'string' ? requestId : null;
      seen.status = answer.statusCode ?? 0;
      answer.on('error', () => undefined);
      answer.on('data', (chunk: Buffer) => {
        const now = monotonicMs();
        seen.firstByteAtMs ??= now;
        text += chunk.toString('utf8');
        // The error event tells that serving has ended; it is not itself served content.
        if (!text.includes('"error"')) seen.lastByteAtMs = now;
      });
    });
    seen.endedAtMs = monotonicMs();
    seen.completed = text.includes('data: [DONE]');
    const data = text
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .at(-1);
    seen.errorCode = data === undefined ? codeOf(parse(text)) : codeOf(parse(data.slice(6)));
  }
}
