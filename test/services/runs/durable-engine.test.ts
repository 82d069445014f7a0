import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENGINE_VERSION } from '../../../src/services/runs/engine-version.ts';
import { selectStrandedWorkflows } from '../../../src/store/run-rows.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let test1: TestDatabase;
beforeAll(async () => {
  test1 = await migratedDatabase();
  await test1.database.transaction(async ({ connection }) => {
    await connection.query({ text: 'create table seen (run text, step int); create table told (run text, step int, primary key (run, step))' });
    await connection.query({ text: 'update leader set epoch = 1' });
  });
});
afterAll(() => test1.drop());

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  line(text: string): Promise<void>;
  ended(): Promise<number | null>;
}

function start(id: string): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'engine-child.ts'), test1.url, id], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      resolve(code);
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const { text, resolve } of waiting) if (text === line) resolve();
  });
  return {
    process: child,
    lines,
    line: (text) =>
      new Promise((resolve, reject) => {
        if (lines.includes(text)) resolve();
        waiting.push({ text, resolve });
        void exit.then((code) => {
          reject(new Error(`the child ended with ${String(code)} before "${text}": ${lines.join(', ')}`));
        });
      }),
    ended: () => exit,
  };
}

async function rows(table: 'seen' | 'told', run: string): Promise<number[]> {
  const { rows: found } = await test1.database.run(({ connection }) =>
    connection.query({ text: `select step from ${table} where run = $1 order by step`, values: [run] }),
  );
  return (found as { step: number }[]).map(({ step }) => step);
}

test('a body that is killed in a step and in a wait goes on where it was', { timeout: 240_000 }, async () => {
  const id = 'run_a.1';
  for (const text of ['step 1', 'waiting']) {
    const child = start(id);
    await child.line(text);
    child.process.kill('SIGKILL');
    await child.ended();
  }
  const last = start(id);
  await last.line('waiting');
  expect(last.lines).not.toContain('step 3');
  last.process.stdin?.write('go\n');
  await last.line('ended');
  expect(await last.ended()).toBe(0);
  expect(await rows('told', id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const seen = await rows('seen', id);
  // A killed step may run twice; what was remembered never does.
  expect(new Set(seen).size).toBe(8);
  expect(seen.filter((step) => step > 3)).toEqual([4, 5, 6, 7]);
});

test('a wake that came before the wait is not lost, and a body that waits does not hold up the end', { timeout: 240_000 }, async () => {
  const child = start('run_b.1');
  await child.line('open');
  child.process.stdin?.write('early\n');
  await child.line('ended');
  expect(await child.ended()).toBe(0);
  const other = start('run_c.1');
  await other.line('waiting');
  other.process.stdin?.write('close\n');
  expect(await other.ended()).toBe(0);
  const next = start('run_c.1');
  await next.line('open');
  next.process.stdin?.write('go\n');
  await next.line('ended');
  expect(await next.ended()).toBe(0);
  expect(await rows('seen', 'run_c.1')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

function ask(text: string): Promise<unknown> {
  return test1.database.transaction(({ connection }) => connection.query({ text }));
}

test('a body that is started twice runs once, and the same key of a wake counts once', { timeout: 240_000 }, async () => {
  const id = 'run_twice.1';
  const child = start(id);
  await child.line('waiting');
  child.process.stdin?.write('start\nsame\nsame\n');
  await child.line('started again');
  await child.line('waiting again');
  expect(child.lines).not.toContain('step 6');
  child.process.stdin?.write('other\n');
  await child.line('ended');
  expect(await child.ended()).toBe(0);
  expect(await rows('seen', id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const late = start(id);
  await late.line('open');
  late.process.stdin?.write('close\n');
  expect(await late.ended()).toBe(0);
  expect(await rows('seen', id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a body of another version of the engine is left alone, and is found', { timeout: 240_000 }, async () => {
  const old = 'run_old.1';
  const child = start(old);
  await child.line('waiting');
  child.process.kill('SIGKILL');
  await child.ended();
  await ask(`update dbos.workflow_status set application_version = '0' where workflow_uuid = '${old}'`);
  const other = start('run_new.1');
  await other.line('waiting');
  other.process.stdin?.write(`wake ${old}\n`);
  await other.line(`woken ${old}`);
  other.process.stdin?.write('go\n');
  await other.line('ended');
  expect(await other.ended()).toBe(0);
  expect(await rows('seen', old)).toEqual([0, 1, 2, 3]);
  expect(await test1.database.run((statements) => selectStrandedWorkflows(statements, ENGINE_VERSION))).toEqual([old]);
  expect(await test1.database.run((statements) => selectStrandedWorkflows(statements, '0'))).not.toContain(old);
});

test('what the engine cannot write ends no body: it says so, and the next process goes on', { timeout: 240_000 }, async () => {
  const id = 'run_broken.1';
  const child = start(id);
  await child.line('waiting');
  await ask('alter table dbos.operation_outputs rename to operation_outputs_away');
  child.process.stdin?.write('go\n');
  expect(await child.ended()).toBe(1);
  expect(child.lines.find((line) => line.startsWith('failure '))).toContain('operation_outputs');
  await ask('alter table dbos.operation_outputs_away rename to operation_outputs');
  const next = start(id);
  await next.line('open');
  next.process.stdin?.write('again\n');
  await next.line('ended');
  expect(await next.ended()).toBe(0);
  expect(await rows('seen', id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
