import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const entry = join(import.meta.dirname, 'engine-child.ts');
const models = join(import.meta.dirname, '../../models');

export interface EngineProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the exit code once it has stopped by itself. */
  close(): Promise<number | null>;
}

/** A real engine in a process of its own, serving `models/<model>.gguf` under the name of the file. */
export async function startEngine(
  options: { readonly model?: string; readonly tokensPerSecond?: number; readonly sequences?: number } = {},
): Promise<EngineProcess> {
  const { model = 'clean', tokensPerSecond = null, sequences = 4 } = options;
  const engineOptions = { modelPath: join(models, `${model}.gguf`), servedName: model, port: 0, host: '127.0.0.1', tokensPerSecond, sequences };
  const child = spawn(process.execPath, [entry, JSON.stringify(engineOptions)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as [unknown];
  if (typeof line !== 'string' || child.pid === undefined) throw new Error(`the engine ended with ${String(line)} before it was ready`);
  return {
    url: `http://127.0.0.1:${line}`,
    pid: child.pid,
    async close() {
      child.stdin.end();
      await exited;
      return child.exitCode;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** POST with a JSON body; a text is sent as it is. */
export async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }): Promise<Reply> {
  const response = await fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

/** Value of a metric without looking at its labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, 'm').exec(text)?.[1]);
}
