import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** What a drill's client saw of one exchange. */
export interface Exchange {
  /** From x-request-id; null when no answer came. */
  readonly requestId: string | null;
  readonly status: number;
  readonly body: string;
}

export interface Call {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly token: string;
  readonly body?: unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Ends the idle connections, so that the process can end. */
export function closeConnections(): void {
  agent.destroy();
}

/** Sends one request; `onAnswer` gets the head, and the answer's body must be consumed by it. Rejects when there is no answer. */
export function send(call: Call, onAnswer: (answer: IncomingMessage) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
    const outgoing = request(
      call.url,
      {
        agent,
        method: call.method,
        headers: {
          authorization: `Bearer ${call.token}`,
          ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
        },
      },
      (answer) => {
        onAnswer(answer);
        answer.once('close', resolve);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
}

/** One whole exchange. */
export async function exchange(call: Call): Promise<Exchange> {
  let result: Exchange = { requestId: null, status: 0, body: '' };
  await send(call, (answer) => {
    const parts: Buffer[] = [];
    const requestId = answer.headers['x-request-id'];
    const finish = (): void => {
      result = { requestId: typeof requestId === 'string' ? requestId : null, status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') };
    };
    answer.on('data', (chunk: Buffer) => parts.push(chunk));
    answer.once('end', finish);
    answer.once('error', finish);
  });
  return result;
}
