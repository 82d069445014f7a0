import { request } from 'node:http';
import { ElulmcError } from '../../core/errors.ts';

/** Internal listener of a gateway primary: loopback, bearer token. */
export interface GatewayLink {
  readonly name: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly token: string;
}

export interface InternalAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** GET on a gateway's internal listener. UPSTREAM_UNAVAILABLE when it cannot be reached in time or sends more than `maxBytes`. */
export function readInternal(link: GatewayLink, path: string, options: { readonly timeoutMs: number; readonly maxBytes: number }): Promise<InternalAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new ElulmcError('UPSTREAM_UNAVAILABLE', `gateway ${link.name} does not answer at ${link.url}${path}: ${error.message}`, { cause: error }));
    };
    const call = request(
      new URL(path, link.url),
      { headers: { authorization: `Bearer ${link.token}` }, signal: AbortSignal.timeout(options.timeoutMs) },
      (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > options.maxBytes) answer.destroy(new Error(`more than ${String(options.maxBytes)} bytes`));
          else parts.push(chunk);
        });
        answer.once('error', fail);
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) });
        });
      },
    );
    call.once('error', fail);
    call.end();
  });
}
