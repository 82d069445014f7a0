import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { verifyLog } from '../../../src/operations/audits/verify-log.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { entryWith, writeLog } from '../../fixtures/written-log.ts';

let services: MemoryServices;
let vkey: string;
let otherVkey: string;
/** A copy of the log with 600 entries, to be damaged. */
let copy: string;
let folder: string;

beforeAll(async () => {
  services = memoryServices();
  ({ vkey } = await writeLog(
    services.home,
    'gw-local-0',
    Array.from({ length: 600 }, (_, i) => entryWith({ id: `req_${String(i)}` })),
  ));
  ({ vkey: otherVkey } = await writeLog(services.home, 'control', [entryWith({ kind: 'heartbeat' })]));
});

afterAll(() => {
  services.remove();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-verify-'));
  copy = join(folder, 'log');
  cpSync(join(services.home.ledger, 'gw-local-0'), copy, { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** As the command line runs it. */
function run(input: object, signal = new AbortController().signal) {
  const entry = byName('audits', 'verify-log');
  if (entry === undefined) throw new Error('not in the catalogue');
  return runLocally(entry, { home: services.home, input, uid: 1000, signal, onProgress: () => undefined });
}

describe('usage that is refused', () => {
  test.each<[string, object, ErrorCode]>([
    ['a log and a folder', { log: 'control', dir: '/tmp' }, 'USAGE'],
    ['a range of all logs', { from: 1 }, 'USAGE'],
    ['one key for all logs', { key: 'x' }, 'USAGE'],
    ['a range upside down', { log: 'control', from: 2, to: 1 }, 'USAGE'],
    ['a range outside the log', { log: 'control', to: 99 }, 'FIELD_INVALID'],
    ['a receipt without a file', { log: 'control', prove: 0 }, 'USAGE'],
    ['a file without a receipt', { log: 'control', output: 'x' }, 'USAGE'],
    ['a receipt checked without a key', { proof: 'x' }, 'USAGE'],
    ['a negative index', { log: 'control', from: -1 }, 'FIELD_INVALID'],
    ['a name with a path in it', { log: '../keys' }, 'FIELD_INVALID'],
    ['a log that is not there', { log: 'gw-9' }, 'NOT_FOUND'],
    ['a folder that is not there', { dir: '/nonexistent/log' }, 'LOG_UNREADABLE'],
    ['a folder without a log', { dir: tmpdir() }, 'LOG_UNREADABLE'],
    ['a key file that is not there', { log: 'control', key: '/nonexistent.vkey' }, 'NOT_FOUND'],
    ['a damaged key', { log: 'control', key: 'elulmc.test/control+00000000+AAAA' }, 'FIELD_INVALID'],
  ])('%s', async (_what, input, code) => {
    await expect(run(input)).rejects.toMatchObject({ code });
  });

  test.each([
    { dir: '/etc' },
    { log: 'control', export: '/tmp/x' },
    { proof: '/etc/passwd', key: 'k' },
    { log: 'control', prove: 0, output: '/tmp/x' },
    { log: 'control', key: '/etc/passwd' },
  ])('through the control plane it touches no files of callers: %o', async (input) => {
    await expect(verifyLog.perform(contextOf(services), parseFields(verifyLog.input, input))).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('logs that hold', () => {
  test('all of a home, also through the control plane', async () => {
    const { output, summary } = await verifyLog.perform(contextOf(services), {});
    expect(output.logs).toMatchObject([
      { log: 'control', size: 1, from: 0, to: 1, keyFrom: 'folder' },
      { log: 'gw-local-0', origin: 'elulmc.test/gw-local-0', size: 600, from: 0, to: 600 },
    ]);
    expect(summary).toBe('Verified control: all 1 entries; gw-local-0: all 600 entries.');
    expect(verifyLog.output.parse(output)).toEqual(output);
  });

  test('a range, with a key that is known', async () => {
    const report = await run({ dir: copy, from: 100, to: 300, key: vkey });
    expect(report).toMatchObject({ exit: 0, output: { logs: [{ from: 100, to: 300, keyFrom: 'given' }] } });
  });

  test('with the key in a file', async () => {
    writeFileSync(join(folder, 'known.vkey'), `${vkey}\n`);
    expect(await run({ dir: copy, key: join(folder, 'known.vkey') })).toMatchObject({ exit: 0 });
  });
});

describe('logs that do not hold exit 7 and name the place', () => {
  test.each<[string, () => void, RegExp]>([
    [
      'a changed entry',
      () => {
        alter('tile/entries/000', 'req_7"', 'req_8"');
      },
      /tile\/entries\/000: entry 7 does not hash/,
    ],
    [
      'a changed checkpoint',
      () => {
        alter('checkpoint', '\n600\n', '\n599\n');
      },
      /checkpoint: /,
    ],
    [
      'a truncated tile',
      () => {
        truncateSync(join(copy, 'tile/0/001'), 100);
      },
      /tile\/0\/001: has 100 bytes/,
    ],
    [
      'a lost bundle',
      () => {
        rmSync(join(copy, 'tile/entries/001'));
      },
      /tile\/entries\/001: is missing/,
    ],
    [
      'a lost checkpoint',
      () => {
        rmSync(join(copy, 'checkpoint'));
      },
      /checkpoint: is missing/,
    ],
  ])('%s', async (_what, damage, place) => {
    damage();
    const promise = run({ dir: copy, key: vkey });
    await expect(promise).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION', row: { exit: 7 } });
    await expect(promise).rejects.toThrow(place);
  });

  test('a log of another key', async () => {
    await expect(run({ dir: copy, key: otherVkey })).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
  });

  test('one bad log among good ones: all are looked at', async () => {
    const home = memoryServices();
    cpSync(services.home.ledger, home.home.ledger, { recursive: true });
    rmSync(join(home.home.ledger, 'control', 'checkpoint'));
    await expect(verifyLog.perform(contextOf(home), {})).rejects.toThrow(/control: checkpoint: is missing \(1 of 2 logs hold\)/);
    home.remove();
  });

  function alter(name: string, from: string, to: string): void {
    const path = join(copy, name);
    const before = readFileSync(path, 'latin1');
    expect(before).toContain(from);
    writeFileSync(path, before.replace(from, to), 'latin1');
  }
});

describe('copies and receipts', () => {
  test('an exported copy verifies as it lies there', async () => {
    const target = join(folder, 'export');
    expect(await run({ log: 'gw-local-0', export: target })).toMatchObject({ output: { exported: target } });
    expect(await run({ dir: target, key: vkey })).toMatchObject({ output: { logs: [{ size: 600 }] } });
  });

  test('a folder that holds something is not written into', async () => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'mine'), 'mine');
    await expect(run({ log: 'control', export: join(folder, 'full') })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });

  test('a receipt is checked with nothing but itself and the key', async () => {
    const file = join(folder, 'entry.tlog-proof');
    expect(await run({ log: 'gw-local-0', prove: 321, output: file })).toMatchObject({ output: { receipt: { file, index: 321, size: 600 } } });
    expect(JSON.parse(readFileSync(`${file}.entry`, 'utf8'))).toMatchObject({ id: 'req_321' });
    expect(await run({ proof: file, key: vkey })).toMatchObject({ exit: 0, output: { receipt: { index: 321, origin: 'elulmc.test/gw-local-0' } } });
  });

  test.each<[string, (file: string) => string]>([
    [
      'another entry',
      (file) => {
        writeFileSync(`${file}.entry`, '{}');
        return vkey;
      },
    ],
    [
      'another index',
      (file) => {
        writeFileSync(file, readFileSync(file, 'utf8').replace('index 321', 'index 320'));
        return vkey;
      },
    ],
    ['another key', () => otherVkey],
    [
      'no receipt at all',
      (file) => {
        writeFileSync(file, 'hello');
        return vkey;
      },
    ],
  ])('a receipt with %s does not hold', async (_what, change) => {
    const file = join(folder, 'entry.tlog-proof');
    await run({ log: 'gw-local-0', prove: 321, output: file });
    await expect(run({ proof: file, key: change(file) })).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION', field: 'proof' });
  });

  test('an index outside the log', async () => {
    await expect(run({ log: 'control', prove: 1, output: join(folder, 'x') })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });
});

test('it can be interrupted', async () => {
  const controller = new AbortController();
  controller.abort(new Error('stop'));
  await expect(run({}, controller.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
});
