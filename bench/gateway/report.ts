import { cpus, release, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { wallAt } from '../../src/core/clock.ts';
import { DISCONNECT } from './disconnects.ts';
import type { DisconnectRow } from './disconnects.ts';
import { cpuRatio, goalsOf, judge, valueOf } from './goals.ts';
import type { IdleResult } from './idle-streams.ts';
import type { LoadRow, Plan } from './load-rounds.ts';
import { PACED } from './paced-streams.ts';
import type { PacedRow } from './paced-streams.ts';

/** Everything that one run of the benchmark found. */
export interface Findings {
  readonly command: string;
  /** Load average of the machine over the minute before the start: what others did meanwhile is in every figure. */
  readonly loadBefore: number;
  readonly versions: readonly string[];
  /** Targets that could not run, with the reason. */
  readonly missing: readonly string[];
  readonly plan: Plan;
  readonly json: readonly LoadRow[];
  readonly sse: readonly LoadRow[];
  /** One request at a time. */
  readonly alone: readonly LoadRow[];
  readonly paced: readonly PacedRow[];
  readonly disconnects: readonly DisconnectRow[];
  readonly idle: IdleResult | null;
}

/** Three significant digits, whole from 100 on; a dash for NaN. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function voidRow(target: string, errors: string, width: number): string[] {
  return [target, `void: ${errors}`, ...Array.from({ length: width - 2 }, () => '-')];
}

function loadTable(rows: readonly LoadRow[], alone: readonly LoadRow[], unit: string): string {
  if (rows.length === 0) return 'Not run.';
  const head = [`target`, `${unit}s/s`, `CPU us/${unit}`, `${unit}s per CPU-second`, 'CPU, x nginx', 'Portkey / this', 'p50 us', 'p99 us'];
  const sequential = alone.length > 0;
  if (sequential) head.push('alone p50 us', 'alone p99 us', 'added p50', 'added p99');
  else head.push('read calls per stream');
  const cells = (row: LoadRow): string[] => {
    if (row.errors !== '') return voidRow(row.target, row.errors, head.length);
    const has = row.target !== 'direct';
    const added = (of: (row: LoadRow) => number): number => (has ? valueOf(alone, row.target, of) - valueOf(alone, 'direct', of) : Number.NaN);
    return [
      row.target,
      figure(row.perSecond),
      figure(has ? row.cpuUs : Number.NaN),
      figure(has ? 1e6 / row.cpuUs : Number.NaN),
      figure(has ? cpuRatio(rows, row.target, 'nginx') : Number.NaN),
      figure(has ? cpuRatio(rows, 'Portkey', row.target) : Number.NaN),
      figure(row.p50Us),
      figure(row.p99Us),
      ...(sequential
        ? [
            figure(valueOf(alone, row.target, (one) => one.p50Us)),
            figure(valueOf(alone, row.target, (one) => one.p99Us)),
            figure(added((one) => one.p50Us)),
            figure(added((one) => one.p99Us)),
          ]
        : [figure(has && row.target !== 'nginx' ? row.readCalls : Number.NaN)]),
    ];
  };
  return markdownTable(head, rows.map(cells));
}

function pacedTable(rows: readonly PacedRow[]): string {
  const head = ['target', 'lag p50 us', 'lag p99 us', 'added p50', 'added p99', 'first token p50 us', 'CPU us/chunk', 'chunks', 'Pss MB', 'largest process MB'];
  const cells = (row: PacedRow): string[] => {
    if (row.errors !== '') return voidRow(row.target, row.errors, head.length);
    const has = row.target !== 'direct';
    return [
      row.target,
      ...[row.lagP50Us, row.lagP99Us, row.addedP50Us, row.addedP99Us, row.firstTokenP50Us].map(figure),
      figure(has ? row.cpuUsPerChunk : Number.NaN),
      figure(row.chunks),
      figure(has ? row.pssBytes / 1e6 : Number.NaN),
      figure(has ? row.workerPssBytes / 1e6 : Number.NaN),
    ];
  };
  return markdownTable(head, rows.map(cells));
}

function disconnectTable(rows: readonly DisconnectRow[]): string {
  const head = ['target', `aborted upstream within ${String(DISCONNECT.limitMs)} ms`, 'the last after ms'];
  return markdownTable(
    head,
    rows.map((row) =>
      row.errors === ''
        ? [row.target, `${String(row.aborted)} of ${String(DISCONNECT.streams)}`, figure(row.lastAfterMs)]
        : voidRow(row.target, row.errors, head.length),
    ),
  );
}

function goalsTable(findings: Findings): string {
  const limit = (value: number | null, better: 'more' | 'less', unit: string): string =>
    value === null ? '-' : `${better === 'more' ? '>=' : '<='} ${String(value)} ${unit}`;
  return markdownTable(
    ['what', 'floor', 'goal', 'measured', 'verdict'],
    goalsOf(findings).map((goal) => [
      goal.what,
      limit(goal.floor, goal.better, goal.unit),
      limit(goal.goal, goal.better, goal.unit),
      Number.isNaN(goal.measured) ? (goal.reason ?? '-') : `${figure(goal.measured)} ${goal.unit}`,
      judge(goal),
    ]),
  );
}

/** What ELULMC's own CPU went to, and what its other processes used. */
function ownCosts(findings: Findings): string[] {
  const lines: string[] = [];
  for (const [mode, rows] of [
    ['JSON', findings.json],
    ['SSE', findings.sse],
  ] as const) {
    const row = rows.find((candidate) => candidate.target === 'ELULMC');
    if (row?.errors !== '') continue;
    const threads = row.threads.filter(([, share]) => share >= 0.01).map(([name, share]) => `${name} ${figure(100 * share)} %`);
    lines.push(
      `- ELULMC, ${mode}: supervisor, control plane and PostgreSQL used ${figure(row.otherCpuUs)} us per request besides (not in the table). CPU of the workers by thread: ${threads.join(', ')}.`,
    );
  }
  return lines;
}

function system(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

/** The benchmark's result as Markdown. */
export function writeReport(findings: Findings): string {
  const { plan } = findings;
  const processors = cpus();
  const machine = `${String(processors.length)} x ${processors[0]?.model ?? 'unknown CPU'}, ${figure(totalmem() / 2 ** 30)} GiB, ${system()}, Linux ${release()}, load average before the start ${figure(findings.loadBefore)}`;
  return [
    '## Gateway',
    '',
    `\`${findings.command}\` on ${wallAt().slice(0, 10)}: ${machine}.`,
    `${findings.versions.join('; ')}.`,
    ...(findings.loadBefore > processors.length / 2 ? ['\n**The machine was busy before the start: these figures are good for trying out only.**'] : []),
    ...findings.missing.map((reason) => `\n**Not run:** ${reason}`),
    '',
    `All targets up at once, one loaded at a time by wrk (1 thread, ${String(plan.connections)} connections, ${String(plan.seconds)} s), ${String(plan.rounds)} rounds over all targets, medians. Load, mock and targets share the cores: compare CPU and ratios, not rates.`,
    'CPU = user + system time of the target and all its descendants. ELULMC runs with authentication and its durable ledger; nginx and Portkey do neither.',
    '',
    '### Goals',
    '',
    goalsTable(findings),
    '',
    '### JSON (1,007-byte answer)',
    '',
    loadTable(findings.json, findings.alone, 'request'),
    '',
    '"alone" = one request at a time; "added" = above direct, in us.',
    '',
    '### SSE, 64 chunks, unpaced',
    '',
    loadTable(findings.sse, [], 'stream'),
    '',
    'Read calls count every socket and file of the target (not visible for nginx): the fewer per stream, the more chunks it joined because it was slow.',
    ...ownCosts(findings),
    '',
    `### SSE, ${String(PACED.streams)} streams, a chunk every ${String(PACED.paceMs)} ms`,
    '',
    pacedTable(findings.paced),
    '',
    `### Clients leave: ${String(DISCONNECT.streams)} streams, all clients destroyed after ${String(DISCONNECT.afterMs)} ms`,
    '',
    disconnectTable(findings.disconnects),
    '',
  ].join('\n');
}
