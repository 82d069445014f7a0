import { describe, expect, test } from 'vitest';
import { parseReadyLine } from '../../bench/gateway/elulmc-target.ts';
import { cpuRatio, goalsOf, judge } from '../../bench/gateway/goals.ts';
import { idleStreamCount } from '../../bench/gateway/idle-streams.ts';
import type { LoadRow } from '../../bench/gateway/load-rounds.ts';
import type { PacedRow } from '../../bench/gateway/paced-streams.ts';
import { figure, markdownTable, writeReport } from '../../bench/gateway/report.ts';
import { bodyOf, headersOf } from '../../bench/gateway/requests.ts';
import { median, percentile } from '../../bench/gateway/statistics.ts';
import { StampReader, streamRequest } from '../../bench/gateway/stream-client.ts';
import { ANY_KEY } from '../../bench/gateway/target.ts';
import type { Target } from '../../bench/gateway/target.ts';
import { parseWrkOutput, postScript } from '../../bench/gateway/wrk.ts';
import { runGatewayBench } from '../../bench/gateway.ts';

function loadRow(target: string, cpuUs: number, errors = ''): LoadRow {
  return { target, perSecond: 1000, cpuUs, otherCpuUs: 1, readCalls: 2, p50Us: 100, p99Us: 200, threads: [['MainThread', 1]], errors };
}

function pacedRow(target: string, addedP50Us: number): PacedRow {
  return {
    target,
    lagP50Us: 300,
    lagP99Us: 900,
    addedP50Us,
    addedP99Us: 700,
    firstTokenP50Us: 800,
    cpuUsPerChunk: 40,
    chunks: 24_960,
    pssBytes: 90e6,
    workerPssBytes: 70e6,
    errors: '',
  };
}

const target: Target = {
  name: 'x',
  url: 'http://127.0.0.1:4180/v1',
  apiKey: ANY_KEY,
  pids: [],
  workers: [],
  otherPids: [],
  version: '',
};

test('an unknown word is refused before anything starts', async () => {
  await expect(runGatewayBench(['fast'])).rejects.toThrow('fast');
});

describe('output of wrk', () => {
  const line = (fields: Record<string, number>): string =>
    `  0 requests in 5s\nBENCH ${JSON.stringify({ requests: 10, durationUs: 5e6, connect: 0, read: 0, write: 0, status: 0, timeout: 0, p50Us: 5, p99Us: 9, ...fields })}\n`;

  test.each([
    ['nothing', ''],
    ['no marked line', 'Requests/sec: 10'],
    ['half a line', 'BENCH {"requests":1'],
    ['a missing field', 'BENCH {"requests":1}'],
  ])('%s is an error, not a result', (_, output) => {
    expect(() => parseWrkOutput(output)).toThrow();
  });

  test.each([
    [{ status: 9524 }, '9524 status errors'],
    [{ timeout: 1 }, '1 timeout error'],
    [{ status: 2, read: 3 }, '2 status errors, 3 read errors'],
    [{ requests: 0 }, 'no answer'],
  ])('%j voids the run', (fields, errors) => {
    expect(parseWrkOutput(line(fields)).errors).toBe(errors);
  });

  test('a clean run', () => {
    expect(parseWrkOutput(line({}))).toEqual({ requests: 10, seconds: 5, p50Us: 5, p99Us: 9, errors: '' });
  });

  test('the script holds body and headers', () => {
    const script = postScript('sse', { authorization: 'Bearer k' });
    expect(script).toContain('wrk.headers["authorization"] = "Bearer k"');
    expect(script).toContain('\\"stream\\":true');
  });
});

test('the request is the one that the reference figures were taken with', () => {
  expect(bodyOf('json')).toHaveLength(673);
  expect(bodyOf('sse')).toHaveLength(687);
  expect(ANY_KEY).toHaveLength(47);
  expect(headersOf(target, 'http://127.0.0.1:9')).toMatchObject({ authorization: `Bearer ${ANY_KEY}`, 'x-portkey-custom-host': 'http://127.0.0.1:9/v1' });
  const [head = '', body] = streamRequest(target, 'http://127.0.0.1:9').split('\r\n\r\n');
  expect(head.startsWith('POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:4180\r\n')).toBe(true);
  expect(head).toContain('\r\ncontent-length: 687');
  expect(body).toBe(bodyOf('sse'));
});

describe('the ready line', () => {
  const ready = {
    ready: true,
    gatewayUrl: 'http://127.0.0.1:4180/v1',
    apiKey: 'elk_x',
    controlUrl: 'http://127.0.0.1:4181',
    pids: { supervisor: 1, control: 2, gateway: [3, 4, 5] },
  };

  test.each(['', 'starting', '{"ready":false}', JSON.stringify({ ...ready, apiKey: '' }), JSON.stringify({ ...ready, pids: { ...ready.pids, gateway: [3] } })])(
    '%s is not it',
    (line) => {
      expect(parseReadyLine(line)).toBeNull();
    },
  );

  test('is read with whatever else it tells', () => {
    expect(parseReadyLine(JSON.stringify(ready))).toMatchObject({ apiKey: 'elk_x', pids: { gateway: [3, 4, 5] } });
  });
});

describe('time stamps in a stream', () => {
  const stream = Buffer.from('a"system_fingerprint":"00000000000000ff","x":1}\n\nb"system_fingerprint":"0000000000000100"\n');

  test('are found at every cut, each once', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new StampReader();
      expect([...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))], `cut at ${String(cut)}`).toEqual([255n, 256n]);
    }
  });

  test('are found byte by byte', () => {
    const reader = new StampReader();
    const found = [...stream].flatMap((byte) => reader.push(Buffer.from([byte])));
    expect(found).toEqual([255n, 256n]);
  });
});

test('percentiles and medians', () => {
  expect(percentile([], 0.5)).toBeNaN();
  expect(median([])).toBeNaN();
  expect(percentile([5, 1, 3, 2, 4], 0.5)).toBe(3);
  expect(percentile([1, 2, 3], 0.99)).toBe(3);
  expect(percentile([7], 0)).toBe(7);
  expect(median([4, 1])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

describe('goals', () => {
  test.each([
    ['more', 12, 20, 20, 'goal met'],
    ['more', 12, 20, 12, 'floor met, goal missed'],
    ['more', 12, 20, 11.9, 'MISSED'],
    ['less', 5, 3, 3, 'goal met'],
    ['less', 5, 3, 4.2, 'floor met, goal missed'],
    ['less', 5, 3, 5.1, 'MISSED'],
    ['less', null, 2, 2.5, 'goal missed (no floor)'],
    ['less', 5, 3, Number.NaN, 'not measured'],
  ] as const)('%s, floor %s, goal %s, measured %d: %s', (better, floor, goal, measured, verdict) => {
    expect(judge({ better, floor, goal, measured })).toBe(verdict);
  });

  const json = [loadRow('nginx', 20), loadRow('ELULMC', 80), loadRow('Portkey', 1600)];

  test('are ratios within one run', () => {
    expect(cpuRatio(json, 'Portkey', 'ELULMC')).toBe(20);
    expect(cpuRatio(json, 'ELULMC', 'nginx')).toBe(4);
    const goals = goalsOf({
      json,
      sse: json,
      paced: [pacedRow('ELULMC', 250)],
      disconnects: [{ target: 'ELULMC', aborted: 20, lastAfterMs: 9, errors: '' }],
      idle: { streams: 10_000, bytesPerStream: 30_000, errors: '' },
    });
    expect(goals.map(judge)).toEqual([
      'goal met',
      'floor met, goal missed',
      'goal met',
      'MISSED',
      'goal met',
      'goal met',
      'goal met',
      'goal met',
      'floor met, goal missed',
    ]);
  });

  test('added lag is not judged on a machine that lags by itself', () => {
    const busy = { ...pacedRow('direct', Number.NaN), lagP50Us: 815, lagP99Us: 24_463 };
    const lag = goalsOf({ json: [], sse: [], paced: [busy, pacedRow('ELULMC', -14_531)], disconnects: [], idle: null }).filter((goal) =>
      goal.what.includes('lag'),
    );
    expect(lag.map(judge)).toEqual(['not measured', 'not measured']);
    expect(lag[0]?.reason).toBe('machine too busy: direct itself lags 0.81 ms');
  });

  test('a void or absent row is not measured, never a ratio', () => {
    const broken = [loadRow('nginx', 20), loadRow('ELULMC', 80), loadRow('Portkey', 1600, '9524 status errors')];
    expect(cpuRatio(broken, 'Portkey', 'ELULMC')).toBeNaN();
    expect(goalsOf({ json: broken, sse: [], paced: [], disconnects: [], idle: null }).map(judge)).toEqual([
      'not measured',
      'floor met, goal missed',
      ...Array.from({ length: 7 }, () => 'not measured'),
    ]);
  });
});

test('idle streams fit into the limit of open files', () => {
  const limits = (files: number): string =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 ${String(files)}                files\n`;
  expect(idleStreamCount(limits(65_536), 2)).toBe(10_000);
  expect(idleStreamCount(limits(20_000), 1)).toBe(9500);
  expect(idleStreamCount(limits(4096), 2)).toBe(3096);
  expect(idleStreamCount(limits(512), 2)).toBe(0);
  expect(idleStreamCount('', 2)).toBe(10_000);
});

describe('report', () => {
  test('figures have three digits at most before they get longer', () => {
    expect([Number.NaN, 0.123, 9.87, 12.34, 1234.5].map(figure)).toEqual(['-', '0.12', '9.87', '12.3', '1235']);
  });

  test('a cell cannot break the table', () => {
    expect(markdownTable(['a', 'b'], [['x|y', 'one\ntwo']])).toBe('| a | b |\n|---|---|\n| x\\|y | one two |');
  });

  test('says what is void, what did not run and how to run it again', () => {
    const json = [loadRow('direct', 0), loadRow('nginx', 20), loadRow('Portkey', 1600, '7 status errors'), loadRow('ELULMC', 80)];
    const report = writeReport({
      command: 'npm run bench gateway',
      loadBefore: 1000,
      versions: ['Node v24'],
      missing: ['wrk not found; on Debian: apt-get install wrk'],
      plan: { rounds: 3, seconds: 5, warmUpSeconds: 2, connections: 32 },
      json,
      sse: json,
      alone: json,
      paced: [pacedRow('direct', Number.NaN), pacedRow('ELULMC', 200)],
      disconnects: [{ target: 'ELULMC', aborted: 19, lastAfterMs: 280, errors: '' }],
      idle: null,
    });
    expect(report).toContain('`npm run bench gateway`');
    expect(report).toContain('**The machine was busy');
    expect(report).toContain('**Not run:** wrk not found');
    expect(report).toContain('| Portkey | void: 7 status errors | - |');
    expect(report).toContain('| ELULMC | 1000 | 80.0 | 12500 | 4.00 | - |');
    expect(report).toContain("the client's disconnect | >= 100 % | >= 100 % | 95.0 % | MISSED |");
    for (const table of report.split('\n\n').filter((part) => part.startsWith('|'))) {
      expect(
        new Set(
          table
            .trim()
            .split('\n')
            .map((line) => line.split(/(?<!\\)\|/).length),
        ).size,
        table,
      ).toBe(1);
    }
  });
});
