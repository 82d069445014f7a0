import { beforeAll, describe, expect, test } from 'vitest';
import { openRecorder } from '../../src/operations/recorder.ts';
import type { RunRecord } from '../../src/runbook/run-model.ts';
import { RunRecorder } from '../../src/runbook/run-record.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { closingFixtures, waits } from './run-fixture.ts';

const fixture = closingFixtures();
/** No folder can be made there: what the log does not take stands nowhere. */
const NO_SPOOL = '/dev/null/spool';
const end = { outcome: 'ok', summary: 'Done.', tookMs: 0 } as const;

/** A process that leads, with a log of this name. */
function recorderOf(log: MemoryLedger): RunRecorder {
  return new RunRecorder({
    recorder: openRecorder(log, NO_SPOOL),
    logName: log.name,
    logSize: () => log.size(),
    recordedSince: log.recordedSince,
  });
}

/** The run as the rows have it after a control plane with this log has taken it up. */
function takenUp(record: RunRecord, recorder: RunRecorder): RunRecord {
  return { ...record, run: { ...record.run, details: recorder.adopted(record.run.details) ?? record.run.details } };
}

let stored: RunRecord;
beforeAll(async () => {
  const { start, until, store } = await fixture();
  const { id } = await start('# S\n- look\n', {}, personWith('operator'));
  await until(id, waits('confirmation'));
  const found = await store.find(id);
  if (found === undefined) throw new Error('the run is not stored');
  stored = found;
});

async function stepDone(recorder: RunRecorder, record: RunRecord): Promise<void> {
  const [step] = record.steps;
  if (step === undefined) throw new Error('the run has no step');
  await recorder.stepDone(record, step, 'per_1', {}, [], end);
}

describe('a step whose row could not be changed after its record', () => {
  test('is recorded once by the process that began the attempt', async () => {
    const log = new MemoryLedger();
    const recorder = recorderOf(log);
    const attempt = recorder.begin(stored.run.id, 'runbook run', 'per_1');
    const record = { ...stored, run: { ...stored.run, details: { ...stored.run.details, record: attempt } } };
    await stepDone(recorder, record);
    await stepDone(recorder, record);
    expect(log.entries).toHaveLength(1);
  });

  test('is recorded once in each log, whoever leads in turn', async () => {
    const [north, south] = [new MemoryLedger('control-north'), new MemoryLedger('control-south')];
    let record = stored;
    for (const log of [north, south, south, north, south]) {
      const recorder = recorderOf(log);
      record = takenUp(record, recorder);
      await stepDone(recorder, record);
    }
    expect([north.entries.length, south.entries.length]).toEqual([1, 1]);
  });

  test('is recorded when the first try failed', async () => {
    const log = new MemoryLedger();
    const recorder = recorderOf(log);
    const record = takenUp(stored, recorder);
    log.fail();
    await expect(stepDone(recorder, record)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    log.mend();
    await stepDone(recorder, record);
    expect(log.entries).toHaveLength(1);
  });
});

test('a run that stands in our log already is taken up as it is', () => {
  const recorder = recorderOf(new MemoryLedger());
  const record = takenUp(stored, recorder);
  expect(recorder.adopted(record.run.details)).toBeNull();
});
