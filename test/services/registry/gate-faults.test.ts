import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/core/config.ts';
import { catalogue } from '../../../src/operations/catalogue.ts';
import { ageText, gateCommand, gateFaults } from '../../../src/services/registry/gate-faults.ts';
import type { GateResult, Stage } from '../../../src/services/registry/service.ts';
import { DEFAULT_GATES } from '../../fixtures/memory-registry.ts';

const NOW = Date.UTC(2027, 0, 31);
const DAY = 86_400_000;
const MODEL = { name: 'demo', version: '1', stage: 'registered' } as const;

function result(gate: string, verdict: GateResult['verdict'], ageMs = 0): GateResult {
  return { digest: 'd', gate, verdict, summary: 'because', runId: 'run_1', at: new Date(NOW - ageMs).toISOString() };
}

const faults = (stage: Stage, ...results: readonly GateResult[]): readonly string[] =>
  gateFaults(MODEL, stage, results, DEFAULT_GATES, NOW).map(({ gate, fault }) => `${gate}: ${fault}`);

describe('the gates of a stage', () => {
  test('nothing is known', () => {
    expect(faults('validated')).toEqual(['backdoor-scan: there is no result for this digest', 'verify-model: there is no result for this digest']);
  });

  test('a result is good until the last millisecond of its age', () => {
    const scan = result('backdoor-scan', 'ok', 30 * DAY);
    expect(faults('staging', scan, result('verify-model', 'ok', DAY))).toEqual([]);
    expect(faults('staging', scan, result('verify-model', 'ok', DAY + 1))).toEqual(['verify-model: the newest result is 1d old, at most 1d are allowed']);
  });

  test('a result of a clock that was ahead is none', () => {
    const scan = result('backdoor-scan', 'ok');
    expect(faults('staging', scan, result('verify-model', 'ok', -300_000))).toEqual([]);
    expect(faults('staging', scan, result('verify-model', 'ok', -300_001))).toEqual([
      'verify-model: the newest result is of 2027-01-31T00:05:00.001Z, which is not yet: a clock was wrong',
    ]);
  });

  test.each(['finding', 'inconclusive'] as const)('%s is not ok', (verdict) => {
    expect(faults('production', result('backdoor-scan', verdict), result('verify-model', 'ok'))).toEqual([
      `backdoor-scan: the newest result is ${verdict} 0s ago: because`,
    ]);
  });

  test('a violation of any gate counts in every stage where the model could serve, once', () => {
    const results = [result('backdoor-scan', 'ok'), result('loyalty-test', 'violation', 400 * DAY), result('verify-model', 'violation')];
    for (const stage of ['registered', 'validated', 'staging', 'production'] as const)
      expect(faults(stage, ...results), stage).toEqual([
        'loyalty-test: the newest result is a violation 400d ago: because',
        'verify-model: the newest result is a violation 0s ago: because',
      ]);
    for (const stage of ['retired', 'quarantined'] as const) expect(faults(stage, ...results), stage).toEqual([]);
  });

  test('the way back to validated asks for no new results, and is no way past a violation', () => {
    for (const stage of ['staging', 'production'] as const) {
      const back = (...results: readonly GateResult[]) => gateFaults({ ...MODEL, stage }, 'validated', results, DEFAULT_GATES, NOW).map(({ gate }) => gate);
      expect(back()).toEqual([]);
      expect(back(result('verify-model', 'violation'))).toEqual(['verify-model']);
    }
    expect(gateFaults({ ...MODEL, stage: 'validated' }, 'validated', [], DEFAULT_GATES, NOW)).toHaveLength(2);
  });

  test('a stage that the configuration does not name asks for nothing', () => {
    expect(faults('registered')).toEqual([]);
    expect(gateFaults(MODEL, 'production', [], {}, NOW)).toEqual([]);
  });
});

test('the defaults of config.yaml are those of the fixture, and each gate is an operation', () => {
  const { gates } = readConfig('/nonexistent/config.yaml');
  expect(gates).toEqual(DEFAULT_GATES);
  for (const { gate } of Object.values(gates).flat()) {
    const [, room, name] = gateCommand(gate, MODEL).split(' ');
    expect(
      catalogue.some((entry) => entry.room === room && entry.name === name),
      gate,
    ).toBe(true);
  }
});

test.each([
  [-5, '0s'],
  [999, '0s'],
  [61_000, '1m'],
  [3_599_999, '59m'],
  [3_600_000, '1h'],
  [DAY * 40, '40d'],
])('%i ms are %s', (ms, text) => {
  expect(ageText(ms)).toBe(text);
});
