import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startChild, stopTree, untilWorks } from './child.ts';
import type { MockUpstream } from './mock-upstream.ts';
import { checkAnswers } from './requests.ts';
import { ANY_KEY } from './target.ts';
import type { Target } from './target.ts';

function configuration(folder: string, port: number, upstreamPort: number): string {
  // Its workers would run as another user, who cannot enter our folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n  ');
  return `${user}daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections 4096; }
http {
  ${scratch}
  access_log off;
  keepalive_requests 100000000;
  tcp_nodelay on;
  client_body_buffer_size 64k;
  upstream mock { server 127.0.0.1:${String(upstreamPort)}; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${String(port)};
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

/** nginx as a plain proxy with one worker: no authentication, no log, no buffering. `stack` stops it. */
export async function startNginx(mock: MockUpstream, scratch: string, version: string, stack: AsyncDisposableStack): Promise<Target> {
  const folder = join(scratch, 'nginx');
  mkdirSync(folder);
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, port, mock.port));
  const child = startChild('nginx', ['-e', 'stderr', '-p', folder, '-c', file]);
  stack.defer(() => stopTree(child, 'SIGTERM', 2000));
  const target: Target = {
    name: 'nginx',
    url: `http://127.0.0.1:${String(port)}/v1`,
    apiKey: ANY_KEY,
    pids: [child.pid],
    workers: [],
    otherPids: [],
    version,
  };
  await untilWorks(child, () => checkAnswers(target, mock.origin), 10_000);
  return target;
}
