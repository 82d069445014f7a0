import type { FastifyReply } from 'fastify';

/** Proxies and clients give a silent connection up; a comment keeps it. */
const KEEP_ALIVE_MS = 10_000;

export interface EventStream<Events> {
  /** Sends one server-sent event; starts the stream. A caller who has gone is no error. */
  readonly send: <N extends keyof Events & string>(name: N, data: Events[N]) => void;
  started(): boolean;
  /** Ends the stream if it was started. */
  end(): void;
}

export function openEventStream<Events>(reply: FastifyReply): EventStream<Events> {
  let keepAlive: NodeJS.Timeout | undefined;
  const write = (text: string): void => {
    if (keepAlive === undefined) {
      start();
    }
    reply.raw.write(text);
  };
  const start = (): void => {
    reply.hijack();
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)) as Record<string, string>;
    reply.raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
    // Without a listener a connection that breaks would end the process.
    reply.raw.on('error', () => undefined);
    keepAlive = setInterval(() => reply.raw.write(': still running\n\n'), KEEP_ALIVE_MS);
  };
  return {
    send: (name, data) => {
      write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    started: () => keepAlive !== undefined,
    end: () => {
      if (keepAlive === undefined) return;
      clearInterval(keepAlive);
      reply.raw.end();
    },
  };
}
