import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { CliContext } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/main.ts';
import { homeAt, prepareHome } from '../../src/core/home.ts';
import type { Home } from '../../src/core/home.ts';
import { writeEndpoints } from '../../src/services/installation/endpoints.ts';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliFixture {
  readonly home: Home;
  run(argv: readonly string[], changes?: Partial<CliContext>): Promise<Said>;
  /** Writes run/endpoints.json as a running installation would. */
  pointTo(controlUrl: string, changes?: { readonly localToken?: string; readonly databaseUrl?: string }): void;
  remove(): void;
}

/** The command line in this process, with streams in memory and a home of its own. */
export function cliFixture(): CliFixture {
  const root = mkdtempSync(join(tmpdir(), 'elulmc-cli-'));
  const home = homeAt(root);
  prepareHome(home);
  return {
    home,
    run: async (argv, changes = {}) => {
      const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
      const before = process.exitCode;
      const context: CliContext = {
        environment: { home: root, databaseUrl: undefined, controlUrl: undefined, token: undefined, gatewayPort: 0, controlPort: 0, color: true },
        home,
        version: '1.2.3',
        uid: 1000,
        stdio: streams,
        launcher: ['elulmc'],
        runbookParameter: () => undefined,
        commands: [],
        runLocally: () => Promise.reject(new Error('nothing runs locally here')),
        ...changes,
      };
      const code = await runCli(argv, context);
      process.exitCode = before;
      const text = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
      return { code, out: text(streams.stdout), err: text(streams.stderr) };
    },
    pointTo: (controlUrl, { localToken = 'local', databaseUrl = 'postgres://127.0.0.1:1/none' } = {}) => {
      writeEndpoints(home, {
        controlUrl,
        gatewayUrl: 'http://127.0.0.1:1/v1',
        databaseUrl,
        metricsUrl: '',
        localToken,
        pid: process.pid,
        startedAt: '2026-01-01T00:00:00.000Z',
      });
    },
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
