import { afterEach, beforeEach, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { listChanges } from '../../../src/operations/governance/list-changes.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { createWindowService } from '../../../src/services/windows/window-service.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

const HOUR = 3_600_000;
const TODAY = Math.floor(wallMs() / (24 * HOUR)) * 24 * HOUR;
let services: MemoryServices;

beforeEach(() => {
  services = memoryServices();
});

afterEach(() => {
  services.remove();
});

async function list(input: object) {
  const { output, summary } = await listChanges.perform(contextOf(services, personWith('viewer')), parseFields(listChanges.input, input));
  expect(listChanges.output.parse(output)).toEqual(output);
  return { output, summary, lines: listChanges.render?.(output) ?? [] };
}

async function submit(title: string): Promise<string> {
  const words = {
    description: 'the long story',
    risk: 'change',
    systems: ['route:demo'],
    operation: 'deployment rollback',
    planSha256: 'ab'.repeat(32),
  } as const;
  const change = { ...words, title, changes: ['serve the old one'], rollback: 'the new one again', requester: 'per_a' };
  return (await services.changes.submit(change, title)).id;
}

test.each([0, -1, 1.5, 1_001])('a limit of %s is refused', (limit) => {
  expect(() => parseFields(listChanges.input, { limit })).toThrow(/^limit/);
});

test('a change that is not there', async () => {
  await expect(list({ change: 'chg_01jd0000000000000000000000' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'change' });
});

test('nothing at all is an empty calendar', async () => {
  const { output, summary, lines } = await list({});
  expect(output).toMatchObject({ changes: [], scheduled: [], windows: [] });
  expect(summary).toBe('0 changes; 0 scheduled within 14 days.');
  expect(lines).toHaveLength(4);
});

test('the calendar: windows and scheduled changes, a sign for each quarter of a day', async () => {
  services.windows = createWindowService([
    { name: 'nights', kind: 'maintenance', cron: '0 22 * * *', duration: 4 * HOUR, timezone: 'UTC', systems: ['route:demo'] },
    { name: 'noon', kind: 'blackout', cron: '0 12 * * *', duration: HOUR, timezone: 'UTC', systems: null },
  ]);
  const id = await submit('New weights for everybody who wants them');
  await submit('Another');
  await services.changes.review(id, { by: 'per_b', decision: 'approved', note: '' });
  await services.changes.schedule(id, { by: 'per_a', startsAt: new Date(TODAY + 30 * HOUR).toISOString(), endsAt: new Date(TODAY + 49 * HOUR).toISOString() });
  const { output, lines } = await list({});
  expect(output.scheduled.map((change) => change.id)).toEqual([id]);
  expect(output.windows).toHaveLength(15 + 14);
  const row = (start: string): string => lines.find((line) => line.startsWith(start))?.slice(31) ?? '';
  expect(row('maintenance nights')).toBe(Array.from({ length: 14 }, () => '=..=').join(' '));
  expect(row('blackout noon')).toBe(Array.from({ length: 14 }, () => '..x.').join(' '));
  expect(row(`${id.slice(-6)} New weights for`)).toBe(['....', '.###', '#...', ...Array.from({ length: 11 }, () => '....')].join(' '));
  expect(row('UTC')).toBe(Array.from({ length: 14 }, (_, day) => String(new Date(TODAY + day * 24 * HOUR).getUTCDate()).padStart(2, '0')).join('   '));
  for (const line of lines.slice(2)) expect(line.length).toBeLessThanOrEqual(100);
});

test('windows that open too often to be drawn hide no change', async () => {
  services.windows = createWindowService([{ name: 'ticks', kind: 'blackout', cron: '* * * * *', duration: 1_000, timezone: 'UTC', systems: null }]);
  const id = await submit('New weights');
  const { output, summary } = await list({});
  expect(output.changes.map((change) => change.id)).toEqual([id]);
  expect(summary).toContain('Not all windows are drawn: the window ticks opens too often between these instants.');
});

test('one in full', async () => {
  const id = await submit('New weights');
  await submit('Another');
  await services.changes.review(id, { by: 'per_b', decision: 'declined', note: 'too late' });
  const { output, lines } = await list({ change: id });
  expect(output.changes.map((change) => change.id)).toEqual([id]);
  const text = lines.join('\n');
  for (const part of ['the long story', 'calls deployment rollback', '  serve the old one', 'rollback: the new one again', 'declined by per_b', 'too late'])
    expect(text).toContain(part);
});
