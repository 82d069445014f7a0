import { z } from 'zod';
import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { OpenWindow, WindowService } from '../../services/windows/service.ts';
import { defineOperation } from '../declaration.ts';
import { changeFields, changeId, changeInFull, changeLine, changeNamed, printed } from './change-fields.ts';
import { timeline } from './timeline.ts';
import type { TimelineRow } from './timeline.ts';

const DAY_MS = 86_400_000;
const DAYS = 14;

const output = z.object({
  from: z.string().describe('Start of the calendar.'),
  to: z.string(),
  changes: z.array(z.object(changeFields)).describe('Newest first.'),
  scheduled: z.array(z.object(changeFields)).describe('Changes that are scheduled for the time of the calendar, in the order of their start.'),
  windows: z
    .array(
      z.object({
        name: z.string(),
        kind: z.enum(['maintenance', 'blackout']),
        systems: z.array(z.string()).nullable(),
        opensAt: z.string(),
        closesAt: z.string(),
      }),
    )
    .describe('Windows that are open at some time of the calendar.'),
});

type Output = z.output<typeof output>;

const SIGNS = { maintenance: '=', blackout: 'x' } as const;

function rowsOf({ windows, scheduled }: Output): readonly TimelineRow[] {
  const byName = Map.groupBy(windows, ({ kind, name }) => `${kind} ${name}`);
  const open = [...byName].map(([label, spans]) => ({
    label,
    marks: spans.map(({ kind, opensAt, closesAt }) => ({ start: Date.parse(opensAt), end: Date.parse(closesAt), sign: SIGNS[kind] })),
  }));
  const changes = scheduled.map(({ title, id, schedule }) => ({
    label: `${id.slice(-6)} ${title}`,
    marks: [{ start: Date.parse(schedule?.startsAt ?? ''), end: Date.parse(schedule?.endsAt ?? ''), sign: '#' }],
  }));
  return [...open, ...changes];
}

/** A window that opens every other minute cannot be followed for two weeks: then those that are open now are all there is. */
function drawable(windows: WindowService, from: string, to: string): { readonly open: readonly OpenWindow[]; readonly note: string } {
  try {
    return { open: windows.between(from, to, []), note: '' };
  } catch (error) {
    if (!(error instanceof ElulmcError) || error.code !== 'FIELD_INVALID') throw error;
    return { open: windows.openAt(wallAt(), []), note: ` Not all windows are drawn: ${error.message.split(':')[0] ?? ''}.` };
  }
}

export const listChanges = defineOperation({
  room: 'governance',
  name: 'list-changes',
  runbookLine: null,
  summary: 'List changes, and draw the calendar of the next two weeks.',
  description:
    'Lists change requests, newest first, and draws maintenance windows, blackouts and scheduled changes of the next 14 days. ' +
    'With the id of a change it shows that one in full: what its operation would change, its rollback and its review.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  input: z.strictObject({
    change: changeId.optional().describe('Only this change, in full: chg_....'),
    limit: z.coerce.number().int().min(1).max(1_000).default(20).describe('How many to list.'),
  }),
  positional: ['change'],
  output,
  frameworks: { csf: 'PR.PS' },
  examples: ['elulmc governance list-changes', 'elulmc governance list-changes chg_01jd0000000000000000000000'],
  errors: ['NOT_FOUND', 'DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, given) => {
    const { changes, windows } = context.services;
    const start = Math.floor(wallMs() / DAY_MS) * DAY_MS;
    const [from, to] = [new Date(start).toISOString(), new Date(start + DAYS * DAY_MS).toISOString()];
    const found = given.change === undefined ? await changes.list(given.limit) : [await changeNamed(context, given.change)];
    const scheduled = await changes.overlapping(from, to, []);
    const { open, note } = drawable(windows, from, to);
    return {
      output: {
        from,
        to,
        changes: found.map(printed),
        scheduled: scheduled.map(printed),
        windows: open.map((window) => ({ ...window, systems: window.systems === null ? null : [...window.systems] })),
      },
      verdict: 'ok',
      summary: `${String(found.length)} ${found.length === 1 ? 'change' : 'changes'}; ${String(scheduled.length)} scheduled within 14 days.${note}`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: (given) => [
    ...(given.changes.length === 1 ? given.changes.flatMap(changeInFull) : given.changes.map(changeLine)),
    '',
    ...timeline(rowsOf(given), Date.parse(given.from), DAYS),
    '= maintenance window, x blackout, # scheduled change',
  ],
});
