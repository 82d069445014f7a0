import { z } from 'zod';
import { wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { refuseSchedule } from '../../services/changes/rules.ts';
import type { ChangeRequest } from '../../services/changes/service.ts';
import { allowedSpans, nextFitting } from '../../services/windows/allowed-spans.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { aboutText, changeId, changeNamed } from './change-fields.ts';

const DAY_MS = 86_400_000;
const LONGEST_MS = 30 * DAY_MS;
const FARTHEST_MS = 365 * DAY_MS;
/** Whoever types the present time is late by the typing. */
const TYPING_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };

const instant = z.iso.datetime({ offset: true, error: 'must be an instant such as 2027-01-31T22:00:00Z' });

const input = z.strictObject({
  change: changeId,
  startsAt: instant.describe('When it may begin (RFC 3339).'),
  endsAt: instant.optional().describe('When it must be over (RFC 3339). Or give --duration.'),
  duration: z
    .string()
    .regex(/^[1-9]\d{0,4}[mhd]$/, 'must be a duration such as 30m, 4h or 2d')
    .optional()
    .describe('How long it may take: 30m, 4h, 2d. Or give --ends-at.'),
});

type Input = z.output<typeof input>;

interface Wanted {
  readonly start: number;
  readonly end: number;
  readonly startsAt: string;
  readonly endsAt: string;
}

const wrong = (field: string, sentence: string): ElulmcError => new ElulmcError('FIELD_INVALID', `${field}: ${sentence}`, { field });

function wantedSpan(given: Input): Wanted {
  if ((given.endsAt === undefined) === (given.duration === undefined)) throw wrong('endsAt', 'give --ends-at or --duration, one of them');
  const start = Date.parse(given.startsAt);
  const length = Number(given.duration?.slice(0, -1)) * (UNIT_MS[given.duration?.slice(-1) ?? ''] ?? 0);
  const end = given.endsAt === undefined ? start + length : Date.parse(given.endsAt);
  const field = given.endsAt === undefined ? 'duration' : 'endsAt';
  if (end <= start) throw wrong(field, 'must be after the start');
  if (end - start > LONGEST_MS) throw wrong(field, 'a change takes at most 30 days');
  return { start, end, startsAt: new Date(start).toISOString(), endsAt: new Date(end).toISOString() };
}

function refuseTime(wanted: Wanted): void {
  const now = wallMs();
  if (wanted.start < now - TYPING_MS) throw wrong('startsAt', `${wanted.startsAt} is past; it is ${new Date(now).toISOString()}`);
  if (wanted.start > now + FARTHEST_MS) throw wrong('startsAt', 'at most a year ahead');
}

/** Where the change would fit, as far as windows decide. */
function nextTimes(context: OperationContext, change: ChangeRequest, wanted: Wanted): string {
  const fitting = nextFitting(context.services.windows, change.systems, wanted.start, wanted.end - wanted.start, 3);
  const times = fitting.map(({ start, end }) => `${new Date(start).toISOString()} to ${new Date(end).toISOString()}`);
  return times.length === 0 ? 'none that is long enough opens within a year' : `next that are long enough: ${times.join('; ')}`;
}

function refuseBlackout(context: OperationContext, change: ChangeRequest, wanted: Wanted): void {
  const blackout = context.services.windows.between(wanted.startsAt, wanted.endsAt, change.systems).find((window) => window.kind === 'blackout');
  if (blackout === undefined) return;
  const about = blackout.systems === null ? 'everything' : aboutText(blackout.systems);
  const next = nextTimes(context, change, wanted);
  throw new ElulmcError('CHANGE_BLACKOUT', `the blackout ${blackout.name} about ${about} is open from ${blackout.opensAt} to ${blackout.closesAt}; ${next}`, {
    field: 'startsAt',
  });
}

function refuseOutsideMaintenance(context: OperationContext, change: ChangeRequest, wanted: Wanted): void {
  const { windows } = context.services;
  const maintained = windows.maintained(change.systems);
  const [whole] = allowedSpans(windows, change.systems, wanted);
  if (maintained.length === 0 || (whole?.start === wanted.start && whole.end === wanted.end)) return;
  const next = nextTimes(context, change, wanted);
  throw new ElulmcError('CHANGE_OUTSIDE_WINDOW', `${maintained.join(', ')} may be changed inside of maintenance windows only; ${next}`, { field: 'startsAt' });
}

/** The change, checked for this span. `done`: it has it already. */
async function schedulable(context: OperationContext, given: Input) {
  const wanted = wantedSpan(given);
  const change = await changeNamed(context, given.change);
  if (change.review?.decision !== 'approved') {
    throw new ElulmcError('CHANGE_NOT_APPROVED', `${change.id} ${change.review === null ? 'waits for its review' : 'was declined'}`, { field: 'change' });
  }
  const { schedule } = change;
  const done = schedule?.by === context.actor.id && schedule.startsAt === wanted.startsAt && schedule.endsAt === wanted.endsAt;
  const overlapping = await context.services.changes.overlapping(wanted.startsAt, wanted.endsAt, []);
  if (!done) {
    refuseTime(wanted);
    refuseBlackout(context, change, wanted);
    refuseOutsideMaintenance(context, change, wanted);
    refuseSchedule(change, wanted, overlapping);
  }
  const busy = overlapping.filter((other) => other.id !== change.id && other.requester === change.requester);
  return { wanted, change, done, notes: busy.map((other) => `${change.requester} is busy with ${other.id} at that time`) };
}

const output = z.object({
  id: z.string(),
  startsAt: z.string(),
  endsAt: z.string(),
  systems: z.array(z.string()),
  notes: z.array(z.string()).describe('What else happens at that time.'),
});

export const changeSchedule = defineOperation({
  room: 'governance',
  name: 'change-schedule',
  runbookLine: null,
  summary: 'Give an approved change its time.',
  description:
    'From then on calls and runs that carry the change are performed within that time and at no other. No blackout about its systems may touch it; a system that ' +
    'maintenance windows name gets a time inside of one; and no other change of the same system may be scheduled for it. Scheduling again takes the place of the earlier time. ' +
    'elulmc governance list-changes draws the calendar.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  input,
  positional: ['change'],
  output,
  frameworks: { csf: 'PR.PS' },
  examples: [
    'elulmc governance change-schedule chg_01jd0000000000000000000000 --starts-at 2027-01-31T22:00:00Z --duration 2h',
    'elulmc governance change-schedule chg_01jd0000000000000000000000 --starts-at 2027-01-31T23:00:00+01:00 --ends-at 2027-02-01T03:00:00+01:00',
  ],
  errors: ['NOT_FOUND', 'CHANGE_NOT_APPROVED', 'CHANGE_BLACKOUT', 'CHANGE_OUTSIDE_WINDOW', 'CHANGE_CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const { wanted, change, done, notes } = await schedulable(context, given);
    const before = change.schedule === null ? '' : `, no longer from ${change.schedule.startsAt} to ${change.schedule.endsAt}`;
    return { changes: done ? [] : [`schedule ${change.id} from ${wanted.startsAt} to ${wanted.endsAt}${before}`], notes };
  },
  perform: async (context, given) => {
    const { wanted, change, done, notes } = await schedulable(context, given);
    const { startsAt, endsAt } = wanted;
    if (!done) await context.services.changes.schedule(change.id, { by: context.actor.id, startsAt, endsAt });
    return {
      output: { id: change.id, startsAt, endsAt, systems: [...change.systems], notes },
      verdict: 'ok',
      summary: `${change.id} is scheduled from ${startsAt} to ${endsAt}.`,
    };
  },
  undo: 'elulmc governance change-schedule CHANGE with another time.',
});
