import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { bodyOf, headersOf } from './requests.ts';
import type { Target } from './target.ts';

const STAMP = Buffer.from('"system_fingerprint":"');
const STAMP_DIGITS = 16;
const END = '0\r\n\r\n';

/** Clock of the mock's time stamps: CLOCK_MONOTONIC in nanoseconds, the same in every process of one Linux machine. */
export function machineClockNs(): bigint {
  return process.hrtime.bigint();
}

/** Finds the mock's time stamps in a byte stream that is cut anywhere. */
export class StampReader {
  #tail: Buffer = Buffer.alloc(0);

  /** Time stamps (nanoseconds) that are complete with this piece; each is given once. */
  push(piece: Buffer): bigint[] {
    const bytes = this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece]);
    const found: bigint[] = [];
    let from = 0;
    for (let at = bytes.indexOf(STAMP); at >= 0; at = bytes.indexOf(STAMP, from)) {
      const digits = at + STAMP.length;
      if (digits + STAMP_DIGITS > bytes.length) {
        this.#tail = bytes.subarray(at);
        return found;
      }
      found.push(BigInt(`0x${bytes.toString('latin1', digits, digits + STAMP_DIGITS)}`));
      from = digits + STAMP_DIGITS;
    }
    this.#tail = bytes.subarray(Math.max(from, bytes.length - STAMP.length + 1));
    return found;
  }
}

/** The bytes of one streamed request. */
export function streamRequest(target: Target, mockOrigin: string): string {
  const url = new URL(`${target.url}/chat/completions`);
  const body = bodyOf('sse');
  const headers = { host: url.host, ...headersOf(target, mockOrigin), 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${url.pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

export interface StreamEvents {
  /** Each read: time stamps of the mock in it. */
  onStamps(stamps: readonly bigint[]): void;
  /** The answer is not 200, or the connection broke before the stream's end. Not called after a `destroy` of the caller. */
  onFailed(reason: string): void;
  /** The last chunk has arrived; the socket is closed by then. */
  onEnd(): void;
}

/** Opens one stream on a raw socket, so that nothing of a client library stands between the clock and the bytes. */
export function openStream(target: Target, request: string, events: StreamEvents): Socket {
  const url = new URL(target.url);
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  const reader = new StampReader();
  let lastBytes = '';
  let isFirst = true;
  socket.once('connect', () => socket.write(request));
  socket.on('data', (bytes) => {
    if (isFirst && bytes.toString('latin1', 9, 12) !== '200') {
      socket.destroy();
      events.onFailed(bytes.toString('latin1', 0, 200));
      return;
    }
    isFirst = false;
    events.onStamps(reader.push(bytes));
    lastBytes = (lastBytes + bytes.toString('latin1', Math.max(0, bytes.length - END.length))).slice(-END.length);
    if (lastBytes !== END) return;
    socket.removeAllListeners('end').destroy();
    events.onEnd();
  });
  socket.once('error', (error) => {
    events.onFailed(error.message);
  });
  socket.once('end', () => {
    events.onFailed('the connection ended before the stream did');
  });
  return socket;
}
