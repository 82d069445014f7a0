import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerBody } from '../../src/runbook/run-requests.ts';
import { MAX_EVIDENCE_BYTES } from '../../src/runbook/run-view.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { closingFixtures, waits } from './run-fixture.ts';

const fixture = closingFixtures();

describe('steps for people', () => {
  const text = '# S\n- first\n- second\n';

  test('skipped is never confirmed', async () => {
    const { run, log } = await fixture();
    const view = await run(text, { prose: 'skip' });
    expect(view).toMatchObject({ exit: 0, state: 'succeeded', steps: [{ state: 'skipped' }, { state: 'skipped' }] });
    expect(log.entries.filter(({ action }) => action === 'runbook step').map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped']);
  });

  test('what was answered is recorded with who answered', async () => {
    const { start, runs, until, ended, log } = await fixture();
    const actor = personWith('operator');
    const other = personWith('security');
    const { id, steps } = await start(text, {}, actor);
    await until(id, ({ waitsFor }) => waitsFor?.step === steps[0]?.id);
    await runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: 'seen' }, other);
    await until(id, ({ waitsFor }) => waitsFor?.step === steps[1]?.id);
    await runs.answer(id, { step: steps[1]?.id ?? '', decision: 'stop', note: '' }, actor);
    const view = await ended(id);
    expect(view).toMatchObject({
      exit: 130,
      state: 'failed',
      steps: [
        { state: 'succeeded', evidence: { by: other.id, note: 'seen' } },
        { state: 'failed', exit: 130 },
      ],
    });
    expect(log.entries.map(({ action, outcome, actor: who }) => [action, outcome, who])).toEqual([
      ['runbook run', 'open', actor.id],
      ['runbook step', 'ok', other.id],
      ['runbook step', 'cancelled', actor.id],
      ['runbook run', 'cancelled', actor.id],
    ]);
  });

  test('an answer to a step that does not wait, by somebody who may not, or twice, is refused', async () => {
    const { start, runs, until } = await fixture();
    const actor = personWith('operator');
    const { id, steps } = await start(text, {}, actor);
    await until(id, ({ waitsFor }) => waitsFor !== null);
    const answer = { step: steps[0]?.id ?? '', decision: 'confirmed', note: '' } as const;
    await expect(runs.answer(id, answer, personWith('viewer'))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(runs.answer(id, answer, LOCAL_USER)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
    await expect(runs.answer(id, { ...answer, step: steps[1]?.id ?? '' }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
    await expect(runs.answer(id, { ...answer, step: 'stp_unknown' }, actor)).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    const both = await Promise.allSettled([runs.answer(id, answer, actor), runs.answer(id, answer, actor)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a file as evidence', () => {
  const file = (bytes: Buffer, name = 'shot.png') => ({ name, base64: bytes.toString('base64') });
  const answer = { step: 'stp', decision: 'confirmed' };

  test.each([
    ['one byte more than allowed', file(Buffer.alloc(MAX_EVIDENCE_BYTES + 3))],
    ['a path for a name', file(Buffer.from('x'), '../shot.png')],
    ['a name with a character that could hide something', file(Buffer.from('x'), 'a\u0007b')],
    ['no base64', { name: 'a', base64: 'a*b=' }],
  ])('%s is refused', (_what, given) => {
    expect(answerBody.safeParse({ ...answer, file: given }).success).toBe(false);
  });

  test('the largest one is taken', () => {
    expect(answerBody.safeParse({ ...answer, file: file(Buffer.alloc(MAX_EVIDENCE_BYTES, 7)) }).success).toBe(true);
  });

  test('is kept by its digest, and the digest is recorded', async () => {
    const { start, runs, until, ended, log, services } = await fixture();
    const actor = personWith('operator');
    const { id, steps } = await start('# S\n- look\n', {}, actor);
    await until(id, waits('confirmation'));
    const bytes = Buffer.from('I was there');
    const large = { name: 'a', base64: Buffer.alloc(MAX_EVIDENCE_BYTES + 1).toString('base64') };
    await expect(runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: '', file: large }, actor)).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      field: 'file',
    });
    await runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: 'seen', file: file(bytes) }, actor);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const view = await ended(id);
    expect(view.steps[0]?.evidence).toEqual({ by: actor.id, note: 'seen', file: { name: 'shot.png', sha256, bytes: bytes.length } });
    expect(readFileSync(join(services.home.content, sha256))).toEqual(bytes);
    expect(JSON.stringify(log.entries.find(({ action }) => action === 'runbook step'))).toContain(sha256);
  });
});

test('an answer that was given before a restart counts after it, and once', async () => {
  const before = await fixture();
  const actor = personWith('operator');
  const { id, steps } = await before.start('# S\n- a\n- b\n', {}, actor);
  await before.until(id, waits('confirmation'));
  await before.runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: 'a' }, actor);
  const after = await before.restart();
  await after.until(id, ({ waitsFor }) => waitsFor?.step === steps[1]?.id);
  await after.runs.answer(id, { step: steps[1]?.id ?? '', decision: 'confirmed', note: 'b' }, actor);
  expect(await after.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(after.log.entries.filter(({ action }) => action === 'runbook step')).toHaveLength(2);
});
