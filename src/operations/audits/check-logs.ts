import { z } from 'zod';
import { wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import { defineOperation } from '../declaration.ts';
import { chosenLogs, logName } from './log-folders.ts';
import { scanBackwards } from './scan-log.ts';
import type { LogScan, ScannedEntry } from './scan-log.ts';

const RECENT_MS = 3_600_000;
/** Per log; more would make an answer at three in the morning wait. */
const MOST_SCANNED = 50_000;
const MOST_PROBLEMS = 30;
const GOOD_OUTCOMES = new Set(['ok', 'open', 'planned']);

const input = z.strictObject({
  recent: z.boolean().default(false).describe('Only the last hour.'),
  log: logName.optional().describe('Only this log. Default: all logs of this home.'),
  limit: z.coerce.number().int().min(1).max(10_000).default(20).describe('How many entries to list. Failures are counted over all that were read.'),
  kind: z
    .string()
    .regex(/^[a-z]+(\.[a-z]+)?$/, 'is not a kind of entry')
    .optional()
    .describe('Only entries of this kind, or of all kinds that begin with it: operation.done, request.'),
  since: z.iso.datetime({ offset: true }).optional().describe('Only entries from this time on (RFC 3339).'),
});

const output = z.object({
  logs: z.array(
    z.object({
      log: z.string(),
      size: z.int().describe('Entries under the checkpoint.'),
      scanned: z.int().describe('Entries that were counted.'),
      complete: z.boolean().describe('False when the range holds more entries than were read: the sums are of the newest ones.'),
      newestAt: z.string().nullable(),
      newestAgeMs: z.number().nullable().describe('Age of the newest entry by the clock of this host.'),
    }),
  ),
  problems: z
    .array(z.object({ action: z.string(), outcome: z.string(), code: z.string().nullable(), count: z.int(), lastAt: z.string() }))
    .describe('Everything that did not end well, summed up, most frequent first.'),
  entries: z
    .array(
      z.object({
        log: z.string(),
        index: z.int(),
        at: z.string(),
        kind: z.string(),
        id: z.string(),
        actor: z.string(),
        action: z.string(),
        target: z.string(),
        outcome: z.string(),
        ref: z.string().nullable(),
        data: z.unknown().describe('JSON; its members depend on the kind (docs/formats/ledger.md).'),
      }),
    )
    .describe('The newest, newest first.'),
});

type Output = z.output<typeof output>;
type Problem = Output['problems'][number];

function sinceOf(given: z.output<typeof input>): string | null {
  if (given.recent && given.since !== undefined) throw new ElulmcError('USAGE', 'give --recent or --since, not both', { field: 'since' });
  if (given.since !== undefined) return new Date(given.since).toISOString();
  return given.recent ? new Date(wallMs() - RECENT_MS).toISOString() : null;
}

function isOfKind(kind: string, wanted: string | undefined): boolean {
  return wanted === undefined || kind === wanted || kind.startsWith(`${wanted}.`);
}

/** What one entry says did not end well: unauthenticated refusals come summed, code by code. */
function problemsOf({ entry }: ScannedEntry): readonly Problem[] {
  const data = asRecord(entry.data) ?? {};
  if (entry.kind === 'refusals.summary') {
    const counts = Object.entries(data).filter((pair): pair is [string, number] => Number.isSafeInteger(pair[1]));
    return counts.map(([code, count]) => ({ action: 'unauthenticated request', outcome: 'refused', code, count, lastAt: entry.at }));
  }
  if (GOOD_OUTCOMES.has(entry.outcome)) return [];
  const code = typeof data['code'] === 'string' ? data['code'] : null;
  return [{ action: entry.action, outcome: entry.outcome, code, count: 1, lastAt: entry.at }];
}

function sumUp(entries: readonly ScannedEntry[]): Problem[] {
  const sums = new Map<string, Problem>();
  for (const problem of entries.flatMap(problemsOf)) {
    const key = JSON.stringify([problem.action, problem.outcome, problem.code]);
    const sum = sums.get(key);
    const lastAt = sum === undefined || problem.lastAt > sum.lastAt ? problem.lastAt : sum.lastAt;
    sums.set(key, { ...problem, count: (sum?.count ?? 0) + problem.count, lastAt });
  }
  return [...sums.values()].toSorted((a, b) => b.count - a.count).slice(0, MOST_PROBLEMS);
}

function factsOf(scan: LogScan): Output['logs'][number] {
  const newestAt = scan.entries[0]?.entry.at ?? null;
  return {
    log: scan.log,
    size: scan.size,
    scanned: scan.entries.length,
    complete: scan.complete,
    newestAt,
    newestAgeMs: newestAt === null ? null : wallMs() - Date.parse(newestAt),
  };
}

function listed({ log, index, entry }: ScannedEntry): Output['entries'][number] {
  const { at, kind, id, actor, action, target, outcome, ref, data } = entry;
  return { log, index, at, kind, id, actor, action, target, outcome, ref, data };
}

function render({ logs, problems, entries }: Output): readonly string[] {
  return [
    ...logs.map(
      (log) =>
        `${log.log}: ${String(log.size)} entries, newest ${log.newestAt ?? 'none in this range'}, ${String(log.scanned)} counted${log.complete ? '' : ' (the newest only)'}`,
    ),
    '',
    problems.length === 0 ? 'no failures or refusals among them' : 'failures and refusals:',
    ...problems.map(
      (problem) => `  ${String(problem.count).padStart(6)}  ${problem.outcome.padEnd(11)} ${problem.code ?? '-'}  ${problem.action}  last ${problem.lastAt}`,
    ),
    '',
    ...entries.map(
      (entry) =>
        `${entry.at}  ${entry.log}:${String(entry.index)}  ${entry.kind}  ${entry.outcome}  ${entry.actor}  ${entry.action}  ${entry.target}  ${entry.id}`,
    ),
  ];
}

export const checkLogs = defineOperation({
  room: 'audits',
  name: 'check-logs',
  runbookLine: 'audits/check_logs.sh',
  summary: 'Show the newest ledger entries, with failures and refusals summed up.',
  description:
    'Reads the logs of this home from their files, each entry checked against the checkpoint of its log, and shows the newest entries of all logs by time, ' +
    'how many requests and operations failed, were refused, cut or interrupted and why, and how old the newest entry of each log is. ' +
    'A log that does not agree with its checkpoint exits 7. Without a running control plane it reads the same files itself. ' +
    'Times are those of the writers; the order inside one log is that of its indexes.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  local: 'fallback',
  input,
  output,
  frameworks: { csf: 'DE.AE' },
  examples: [
    'elulmc audits check-logs --recent',
    'elulmc audits check-logs --log control --kind operation --limit 100',
    'elulmc audits check-logs --since 2026-01-31T03:00:00Z --json',
  ],
  errors: ['INTEGRITY_VIOLATION', 'LOG_UNREADABLE', 'NOT_FOUND', 'USAGE'],
  plan: (_context, given) => {
    sinceOf(given);
    return Promise.resolve({ changes: [], notes: [] });
  },
  perform: async (context, given) => {
    const sinceAt = sinceOf(given);
    const scans: LogScan[] = [];
    for (const folder of chosenLogs(context.services.home, given.log)) {
      context.progress(`reading ${folder.log}`);
      scans.push(await scanBackwards(folder, sinceAt, MOST_SCANNED, context.signal));
    }
    const matching = scans.flatMap((scan) => scan.entries).filter(({ entry }) => isOfKind(entry.kind, given.kind));
    const newest = matching.toSorted((a, b) => (a.entry.at < b.entry.at ? 1 : a.entry.at > b.entry.at ? -1 : b.index - a.index)).slice(0, given.limit);
    const problems = sumUp(matching);
    const bad = problems.reduce((sum, problem) => sum + problem.count, 0);
    return {
      output: { logs: scans.map(factsOf), problems, entries: newest.map(listed) },
      verdict: 'ok',
      summary: `${String(matching.length)} entries in ${String(scans.length)} ${scans.length === 1 ? 'log' : 'logs'}, ${String(bad)} failures and refusals among them.`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render,
});
