import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UpstreamAddress } from '../../src/upstreams/adapter.ts';

export interface Recorded {
  readonly status: number;
  readonly body: string;
}

/** Replies by `METHOD /path`; a list is used up one by one, its last reply stays. What is not there is 404. */
export type Recording = Readonly<Record<string, Recorded | readonly Recorded[]>>;

export interface RecordedServer {
  readonly address: UpstreamAddress;
  /** `METHOD /path body` of each request, in order. */
  readonly requests: readonly string[];
  /** Authorization headers, in order. */
  readonly tokens: readonly (string | undefined)[];
  replace(recording: Recording): void;
  close(): Promise<void>;
}

export function ok(body: unknown): Recorded {
  return { status: 200, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** A local HTTP server that answers with what an engine would. */
export async function startRecorded(initial: Recording, token: string | null = null): Promise<RecordedServer> {
  let recording = initial;
  let used = new Map<string, number>();
  const requests: string[] = [];
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const key = `${request.method ?? ''} ${request.url ?? ''}`;
      requests.push(`${key} ${body}`.trim());
      tokens.push(request.headers.authorization);
      const found: readonly Recorded[] = [recording[key] ?? { status: 404, body: '{"detail":"Not Found"}' }].flat();
      const at = Math.min(used.get(key) ?? 0, found.length - 1);
      used.set(key, at + 1);
      const reply = found[at];
      response.writeHead(reply?.status ?? 500).end(reply?.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: { name: 'recorded', url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, token },
    requests,
    tokens,
    replace(next) {
      recording = next;
      used = new Map();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
