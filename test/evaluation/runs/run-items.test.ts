import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runItems } from '../../../src/evaluation/runs/run-items.ts';
import { progressOf } from '../../../src/evaluation/runs/run-progress.ts';
import type { RunProgress } from '../../../src/evaluation/runs/run-progress.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'));
  file = join(folder, 'results.jsonl');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const header = { seed: 7, settings: { maxTokens: 5 }, server: { version: '1' } };
const items = Array.from({ length: 20 }, (_, i) => ({ id: `item-${String(i)}`, value: i }));

/** Ends after a number of turns of the event loop, so that the order of ends is not that of starts. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

describe('a run over items', () => {
  test('gives results and file in the order of the items, whatever ends first', async () => {
    const run = (delay: (i: number) => number, concurrency: number): ReturnType<typeof runItems<(typeof items)[number], number>> =>
      runItems({
        items,
        header,
        file,
        concurrency,
        perform: async ({ value }) => {
          await turns(delay(value));
          return value * value;
        },
      });
    const expected = items.map(({ id, value }) => ({ id, result: value * value }));
    expect(await run((i) => (i * 7) % 11, 5)).toEqual(expected);
    const first = readFileSync(file, 'utf8');
    rmSync(file);
    expect(await run((i) => 20 - i, 3)).toEqual(expected);
    expect(readFileSync(file, 'utf8')).toBe(first);
    expect(existsSync(`${file}.partial`)).toBe(false);
    const [head = '', ...lines] = first.trimEnd().split('\n');
    expect(JSON.parse(head)).toMatchObject({ format: 'elulmc-raw-results/1', ...header, items: 20 });
    expect(lines).toHaveLength(20);
  });

  test('goes on where it was broken off, and performs nothing twice', async () => {
    const performed: string[] = [];
    const perform = async ({ id, value }: (typeof items)[number]): Promise<{ value: number; nothing: undefined }> => {
      if (value === 12 && performed.length < 13) throw new Error('connection lost');
      performed.push(id);
      return { value, nothing: undefined };
    };
    await expect(runItems({ items, header, file, perform, concurrency: 2 })).rejects.toThrow('connection lost');
    expect(existsSync(file)).toBe(false);
    // What a kill leaves: half a line.
    writeFileSync(`${file}.partial`, readFileSync(`${file}.partial`, 'utf8') + '{"id":"item-12","resu');
    performed.push('so that it works now');
    const progress: RunProgress[] = [];
    const results = await runItems({ items, header, file, perform, concurrency: 2, onProgress: (step) => progress.push(step) });
    expect(new Set(performed).size).toBe(performed.length);
    // The same values whether they were read or just made.
    expect(results).toStrictEqual(items.map(({ id, value }) => ({ id, result: { value } })));
    expect(progress[0]).toMatchObject({ total: 20, leftMs: null });
    expect(progress[0]?.resumed).toBe(progress[0]?.done);
    expect(progress.at(-1)).toMatchObject({ done: 20, leftMs: 0 });
    expect(await runItems({ items, header, file, perform: () => Promise.reject(new Error('nothing is missing')) })).toStrictEqual(results);
  });

  test('refuses a file of another run, and names what differs', async () => {
    const perform = async (): Promise<number> => 1;
    await runItems({ items, header, file, perform });
    const other = { ...header, seed: 8 };
    await expect(runItems({ items, header: other, file, perform })).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      message: expect.stringContaining('seed') as string,
    });
    await expect(runItems({ items: items.slice(1), header, file, perform })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });

  test('a header that was torn, or never written, is as no file', async () => {
    for (const size of [0, 30]) {
      await expect(
        runItems({ items, header, file, concurrency: 1, perform: ({ value }) => (value > 3 ? Promise.reject(new Error('stop')) : Promise.resolve(1)) }),
      ).rejects.toThrow('stop');
      truncateSync(`${file}.partial`, size);
      expect(await runItems({ items, header, file, perform: async () => 2 })).toHaveLength(20);
      rmSync(file);
    }
  });

  test('ends by the signal, after what was running has ended', async () => {
    const controller = new AbortController();
    let running = 0;
    const perform = async ({ value }: (typeof items)[number], signal: AbortSignal): Promise<number> => {
      running += 1;
      if (value === 5) controller.abort(new Error('enough'));
      await turns(3);
      running -= 1;
      signal.throwIfAborted();
      return value;
    };
    await expect(runItems({ items, header, file, perform, signal: controller.signal })).rejects.toThrow('enough');
    expect(running).toBe(0);
    expect(readFileSync(`${file}.partial`, 'utf8')).toContain('item-1"');
  });

  test('no items are a result, two of one id are none', async () => {
    const perform = async (): Promise<number> => 1;
    expect(await runItems({ items: [], header, file, perform })).toEqual([]);
    await expect(runItems({ items: [{ id: 'a' }, { id: 'a' }], header, file: join(folder, 'b'), perform })).rejects.toThrow(RangeError);
    await expect(runItems({ items, header, file: join(folder, 'c'), perform, concurrency: 0 })).rejects.toThrow(RangeError);
  });
});

describe('time left', () => {
  test('by the pace of this run only', () => {
    expect(progressOf(50, 100, 40, 1_000).leftMs).toBe(5_000);
    expect(progressOf(40, 100, 40, 0).leftMs).toBeNull();
    expect(progressOf(100, 100, 100, 0).leftMs).toBe(0);
    expect(progressOf(0, 0, 0, 0).leftMs).toBe(0);
  });
});

test('a run that was killed is gone on with by the next process', async () => {
  const path = (name: string): string => JSON.stringify(join(import.meta.dirname, '../../../src/evaluation', name));
  const program = `
    const { runItems } = await import(${path('runs/run-items.ts')});
    const items = ${JSON.stringify(items)};
    const perform = async ({ value }) => (value === 13 ? process.kill(process.pid, 'SIGKILL') : value);
    await runItems({ items, header: ${JSON.stringify(header)}, file: ${JSON.stringify(file)}, concurrency: 1, perform });`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect([signal, stderr]).toEqual(['SIGKILL', '']);
  const performed: number[] = [];
  const perform = async ({ value }: (typeof items)[number]): Promise<number> => {
    performed.push(value);
    return value;
  };
  expect(await runItems({ items, header, file, concurrency: 1, perform })).toEqual(items.map(({ id, value }) => ({ id, result: value })));
  expect(performed).toEqual([13, 14, 15, 16, 17, 18, 19]);
});
