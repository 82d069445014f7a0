import type { IncomingHttpHeaders } from 'node:http';
import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { startContentDigest } from '../../vault/personal.ts';
import type { Exchange, GatewayResponse, Relay } from '../exchange.ts';
import { clientHeaders } from '../upstream/header-lists.ts';
import type { UpstreamAttempt } from '../upstream/upstream-attempt.ts';
import { errorEvent } from './error-event.ts';
import { SseFramer } from './sse-framer.ts';
import type { EventSink } from './sse-framer.ts';
import { StreamMeter } from './stream-meter.ts';
import type { StreamApi } from './stream-texts.ts';

/** Bytes that may wait for the record of the request before the upstream is told to pause. */
const MAX_HELD_BYTES = 64 * 1024;
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const BLANK_LINE = Buffer.from('\n\n');

export interface RelayEvents {
  /** The first event is here: the exchange may be recorded and its head sent. */
  begun(exchange: Exchange): void;
  /** The stream is over and its last byte was handed to the connection. */
  over(exchange: Exchange): void;
}

/** One stream on its way from an upstream to a client: whole events only, in order, at the pace of the client. */
export class StreamRelay implements EventSink, Relay {
  readonly #exchange: Exchange;
  readonly #attempt: UpstreamAttempt;
  readonly #events: RelayEvents;
  readonly #api: StreamApi | null;
  readonly #framer: SseFramer;
  readonly #meter: StreamMeter | undefined;
  readonly #digest: ReturnType<typeof startContentDigest> | undefined;
  readonly #contentType: string;
  #headers: readonly string[] | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  #begun = false;
  #invalid = false;
  #cutting = false;
  /** The head announced chunks (HTTP/1.1); otherwise the body ends with the connection. */
  #chunked = false;
  #upstreamEnded = false;
  // Consecutive events of one read, not yet pending.
  #run: Buffer | undefined;
  #runStart = 0;
  #runEnd = 0;
  flowing = false;
  sentBytes = 0;
  stalledSinceMs = Infinity;

  constructor(exchange: Exchange, attempt: UpstreamAttempt, events: RelayEvents, api: StreamApi | null, headers: IncomingHttpHeaders) {
    this.#exchange = exchange;
    this.#attempt = attempt;
    this.#events = events;
    this.#api = api;
    this.#framer = new SseFramer(this, exchange.context.settings.maxEventBytes);
    this.#meter = api === null ? undefined : new StreamMeter(api, attempt.addedUsage);
    this.#digest = exchange.subjectKey === undefined ? undefined : startContentDigest(exchange.subjectKey);
    this.#contentType = headers['content-type'] ?? 'text/event-stream';
    this.#headers = clientHeaders(headers);
  }

  get promptTokens(): number | null {
    return this.#meter?.promptTokens ?? null;
  }

  get completionTokens(): number | null {
    return this.#meter === undefined ? null : (this.#meter.completionTokens ?? this.#meter.deltas);
  }

  get tokensExact(): boolean {
    return this.#meter !== undefined && this.#meter.completionTokens !== null;
  }

  get finish(): string | null {
    return this.#meter?.finish ?? null;
  }

  get failed(): boolean {
    return this.#meter?.failed ?? false;
  }

  digest(): string | null {
    return this.#digest?.digest() ?? null;
  }

  push(chunk: Buffer): void {
    // The rest of a read in which the stream was cut.
    if (this.#cutting) return;
    const whole = this.#framer.push(chunk);
    this.#endRun();
    if (!whole || this.#invalid) {
      this.#exchange.fail(
        new ElulmcError('UPSTREAM_INVALID', whole ? 'The model server sent an event that is not valid.' : 'The model server sent an event that is too large.'),
      );
      return;
    }
    if (!this.flowing) this.#hold();
  }

  event(bytes: Buffer, start: number, end: number, textStart: number, textEnd: number, lines: number): void {
    if (this.#invalid) return;
    const verdict = this.#meter?.take(bytes, textStart, textEnd, lines) ?? 'send';
    if (verdict === 'invalid') this.#invalid = true;
    if (verdict !== 'send') return;
    if (this.#run === bytes && this.#runEnd === start) {
      this.#runEnd = end;
      return;
    }
    this.#endRun();
    this.#run = bytes;
    this.#runStart = start;
    this.#runEnd = end;
  }

  end(): void {
    if (this.#cutting) return;
    if (!this.#takeRest() || !this.#complete()) {
      this.#exchange.fail(new ElulmcError('UPSTREAM_INTERRUPTED', 'The model server ended the stream before it was complete.'));
      return;
    }
    this.#upstreamEnded = true;
    if (this.flowing) this.#close();
    else this.#hold();
  }

  start(): void {
    const { response, id } = this.#exchange;
    const fixed = ['content-type', this.#contentType, 'cache-control', 'no-cache', 'x-request-id', id];
    response.writeHead(200, this.#headers === undefined ? fixed : [...fixed, ...this.#headers.filter((_, at, all) => all[at - (at % 2)] !== 'cache-control')]);
    this.#headers = undefined;
    // The relay frames its chunks itself: Node writes four pieces for each, which costs more than everything else here.
    this.#chunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
    this.flowing = true;
    response.on('drain', onDrain);
    if (this.#upstreamEnded) {
      this.#close();
      return;
    }
    this.#flush();
    if (this.stalledSinceMs === Infinity) this.#attempt.resume();
  }

  cut(failure: ElulmcError): void {
    const exchange = this.#exchange;
    if (exchange.over || this.#cutting) return;
    this.#cutting = true;
    exchange.failure = failure;
    this.#pending = [];
    this.#pendingBytes = 0;
    const { response, context } = exchange;
    const last = errorEvent(this.#api, failure, exchange.id, this.#meter?.nextSequence ?? 0);
    this.#write([last], last.length);
    this.#endBody();
    setTimeout(destroyUnfinished, context.settings.cutGraceMs, response).unref();
    // Where many are cut in one turn, every client is told before the first upstream is stopped and recorded.
    process.nextTick(finishCut, this);
  }

  /** Stops the upstream and records the end; no byte of the upstream can have come since the cut. */
  finishCut(): void {
    if (this.#exchange.over) return;
    this.#exchange.abortUpstream();
    this.#events.over(this.#exchange);
  }

  clientLeft(): void {
    if (this.#exchange.over || this.#cutting) return;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#exchange.abortUpstream();
    this.#events.over(this.#exchange);
  }

  drained(): void {
    this.stalledSinceMs = Infinity;
    this.#attempt.resume();
  }

  /** Sends what is pending; called once per turn in which something came. */
  flush(): void {
    this.#scheduled = false;
    if (this.flowing && !this.#cutting && !this.#exchange.over) this.#flush();
  }

  #hold(): void {
    if (this.#pendingBytes > MAX_HELD_BYTES) this.#attempt.pause();
    if (this.#begun || this.#pending.length === 0) return;
    this.#begun = true;
    this.#events.begun(this.#exchange);
  }

  #endRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const bytes = this.#runStart === 0 && this.#runEnd === run.length ? run : run.subarray(this.#runStart, this.#runEnd);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (!this.flowing || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(flushRelay, this);
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    const size = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#write(pending, size);
  }

  /** Sends the pieces in one write. */
  #write(pieces: readonly Buffer[], size: number): void {
    this.sentBytes += size;
    if (this.#digest !== undefined) for (const piece of pieces) this.#digest.update(piece);
    const bytes = this.#chunked ? frameChunk(pieces, size) : Buffer.concat(pieces, size);
    if (this.#exchange.response.write(bytes)) return;
    if (this.stalledSinceMs === Infinity) this.stalledSinceMs = monotonicMs();
    this.#attempt.pause();
  }

  #endBody(): void {
    const { response } = this.#exchange;
    if (this.#chunked) response.end(LAST_CHUNK);
    else response.end();
  }

  #close(): void {
    this.#flush();
    this.#endBody();
    this.#events.over(this.#exchange);
  }

  /** What follows the last blank line: an end marker or a comment may lack it, an event may not. */
  #takeRest(): boolean {
    const rest = this.#framer.rest();
    const whole = rest.toString('utf8');
    const text = whole.trim();
    if (text === '' || text.split(/\r\n|\n|\r/).every((line) => line.startsWith(':'))) return true;
    if (!/^data: ?\[DONE\]$/.test(text)) return false;
    const event = Buffer.concat([rest, BLANK_LINE]);
    this.event(event, 0, event.length, whole.length - whole.trimStart().length, rest.length, 1);
    this.#endRun();
    return true;
  }

  #complete(): boolean {
    const meter = this.#meter;
    if (meter === undefined) return this.#begun || this.#pending.length > 0;
    return meter.ended || meter.finish !== null || meter.failed;
  }
}

/** One chunk of RFC 9112, section 7.1, around the pieces. */
function frameChunk(pieces: readonly Buffer[], size: number): Buffer {
  const head = `${size.toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + size + 2);
  let at = bytes.write(head, 0, 'latin1');
  for (const piece of pieces) at += piece.copy(bytes, at);
  bytes.write('\r\n', at, 'latin1');
  return bytes;
}

function flushRelay(relay: StreamRelay): void {
  relay.flush();
}

function finishCut(relay: StreamRelay): void {
  relay.finishCut();
}

function onDrain(this: GatewayResponse): void {
  this.exchange?.relay?.drained();
}

function destroyUnfinished(response: GatewayResponse): void {
  if (!response.writableFinished) response.destroy();
}
