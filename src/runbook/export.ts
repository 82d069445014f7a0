import { asElulmcError } from '../core/errors.ts';
import type { OperationReport } from '../operations/report.ts';
import { codeSpan, fencedText, plainMarkdown } from './markdown-text.ts';
import type { RunView, StepView } from './run-view.ts';

/** Where an entry stands in the ledger. */
export type EntryPosition = NonNullable<OperationReport['entries']['done']>;

/** What shows offline that an entry is in its log. */
export interface EntryProof {
  /** The text of a `.tlog-proof` that carries its entry. */
  readonly proof: string;
  /** The entry, one JSON object. */
  readonly entry: string;
  /** Verifier key of the log. */
  readonly key: string;
}

/** An entry of a run: of the run itself, of what people said, or of a call or process of one of its steps. */
export interface RunEntry {
  readonly position: EntryPosition;
  /** Id of the call, of the attempt, or of the run. */
  readonly id: string;
  /** `operation.intent` or `operation.done`. */
  readonly kind: string;
  /** `security emergency-isolation`, `runbook run`, `runbook step`. */
  readonly action: string;
}

/** What is known of the ledger where the report is made. */
export interface RunLedger {
  /** Every entry of the run, in the order of the log. */
  entriesOf(run: Pick<RunView, 'id' | 'openedAt' | 'endedAt'>): Promise<readonly RunEntry[]>;
  proofOf(position: EntryPosition): Promise<EntryProof>;
}

const none = '-';
const MAX_TITLE = 200;

/** `1.2 s` between two times; `-` while one is missing. */
export function durationText(from: string | null, to: string | null): string {
  if (from === null || to === null) return none;
  const ms = Math.max(0, Date.parse(to) - Date.parse(from));
  if (ms < 1_000) return `${String(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${String(minutes)} min ${String(Math.floor((ms % 60_000) / 1_000))} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)} h ${String(minutes % 60)} min` : `${String(Math.floor(hours / 24))} d ${String(hours % 24)} h`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)];
}

function header(view: RunView): readonly string[] {
  const facts: readonly (readonly [string, string])[] = [
    ['Run', codeSpan(view.id)],
    ['Runbook', plainMarkdown(view.runbook)],
    ['Section', view.section === '/' ? 'the whole document' : plainMarkdown(view.section)],
    ['Document (SHA-256)', codeSpan(view.documentSha256)],
    ['Started by', `${codeSpan(view.actor)} (${plainMarkdown(view.origin)})`],
    ['Change', view.change === null ? none : codeSpan(view.change)],
    ['State', `${view.state}${view.exit === null ? '' : `, exit code ${String(view.exit)}`}`],
    ['Attempt', String(view.attempt)],
    ['Opened', view.openedAt],
    ['Ended', view.endedAt ?? none],
    ['Took', durationText(view.openedAt, view.endedAt)],
  ];
  const waits = view.waitsFor === null ? [] : ['', `It waits: ${plainMarkdown(view.waitsFor.text)} Next command: ${codeSpan(view.waitsFor.help)}`];
  return [
    `# Run of ${plainMarkdown(view.runbook)}`,
    '',
    ...table(
      ['', ''],
      facts.map(([name, value]) => [name, value]),
    ),
    ...(view.summary === '' ? [] : ['', plainMarkdown(view.summary)]),
    ...waits,
  ];
}

function whatIs(step: StepView): string {
  return step.operation ?? (step.kind === 'process' ? 'process' : 'person');
}

function timeline(view: RunView): readonly string[] {
  const rows = view.steps.map((step) => [
    String(step.index + 1),
    step.startedAt ?? none,
    durationText(step.startedAt, step.endedAt),
    step.state,
    whatIs(step),
    step.kind === 'prose' ? plainMarkdown(step.text) : codeSpan(step.text),
  ]);
  return ['## Timeline', '', ...table(['#', 'Started', 'Took', 'State', 'What', 'Line'], rows)];
}

function approvalLines({ approval, report }: StepView): readonly string[] {
  const used = report?.approval ?? null;
  if (approval === null) return used === null ? [] : [`- Approval ${codeSpan(used.request)} by ${people(used.people)}`];
  return [`- Approval ${codeSpan(approval.request)}: ${approval.state}, ${String(approval.required)} needed, given by ${people(approval.people)}`];
}

function people(names: readonly string[]): string {
  return names.length === 0 ? 'nobody' : names.map(codeSpan).join(', ');
}

function evidenceLines({ evidence }: StepView): readonly string[] {
  if (evidence === null) return [];
  const { by, note, file } = evidence;
  return [
    `- Answered by ${codeSpan(by)}${note === '' ? '' : `: ${plainMarkdown(note)}`}`,
    ...(file === null ? [] : [`- Evidence ${codeSpan(file.name)}, ${String(file.bytes)} bytes, SHA-256 ${codeSpan(file.sha256)}`]),
  ];
}

function outputLines({ output, report }: StepView): readonly string[] {
  const lines: string[] = [];
  if (output !== null) {
    const { sha256, bytes, truncated, tail, code } = output;
    const size = `${String(bytes)} bytes${truncated ? ' (cut off at the limit)' : ''}`;
    lines.push(`- Output ${size}, SHA-256 ${codeSpan(sha256)}, exit code ${code === null ? 'none' : String(code)}; the end of it:`, '', ...fencedText(tail));
  }
  if (report?.output !== null && report?.output !== undefined) lines.push('- Result:', '', ...fencedText(JSON.stringify(report.output, undefined, 2)));
  return lines;
}

function planLines({ report }: StepView): readonly string[] {
  if (report === null) return [];
  const { changes, notes } = report.plan;
  return [
    `- Plan (SHA-256 ${codeSpan(report.planSha256)}):${changes.length === 0 ? ' no changes' : ''}`,
    ...changes.map((change) => `  - ${plainMarkdown(change)}`),
    ...notes.map((note) => `  - note: ${plainMarkdown(note)}`),
  ];
}

/** What the step is and where it stands; a sentence that is the title already is not said again. */
function lineOfStep({ line, kind, name, text }: StepView): string {
  if (kind !== 'prose') return `- Line ${String(line)}: ${codeSpan(text)}`;
  return `- Line ${String(line)}, done by a person${name === null && text.length <= MAX_TITLE ? '' : `: ${plainMarkdown(text)}`}`;
}

function stateLine({ state, exit, kind, summary, endedAt, evidence }: StepView): string {
  // What a person answered stands in a line of its own.
  if (endedAt === null || (kind === 'prose' && evidence !== null)) return `- ${state}`;
  return `- ${state}, exit code ${String(exit)}: ${plainMarkdown(summary)}`;
}

function stepLines(step: StepView): readonly string[] {
  const title = step.name ?? (step.kind === 'prose' ? step.text : (step.operation ?? step.text));
  return [
    '',
    `### ${String(step.index + 1)}. ${plainMarkdown(title.slice(0, MAX_TITLE))}`,
    '',
    lineOfStep(step),
    ...(step.operation === null ? [] : [`- Operation ${step.operation}, call ${codeSpan(step.runId)}`]),
    stateLine(step),
    ...(step.problem === null ? [] : [`- Problem ${step.problem.code}: ${plainMarkdown(step.problem.detail)}`]),
    ...approvalLines(step),
    ...evidenceLines(step),
    ...planLines(step),
    ...(step.undone === null ? [] : [`- Undone: ${plainMarkdown(step.undone)}`]),
    ...outputLines(step),
  ];
}

/** Entries that the reports of the steps name, and that may stand in the log of another control plane. */
function reportedEntries({ steps }: RunView): readonly RunEntry[] {
  return steps.flatMap(({ report, runId, operation }) =>
    (
      [
        ['operation.intent', report?.entries.intent],
        ['operation.done', report?.entries.done],
      ] as const
    ).flatMap(([kind, position]) => (position === null || position === undefined ? [] : [{ position, id: runId, kind, action: operation ?? '' }])),
  );
}

function whatEntry(view: RunView, { id, kind, action }: RunEntry): string {
  const step = view.steps.find(({ runId }) => runId === id);
  const part = kind === 'operation.intent' ? 'intent' : 'result';
  return `${part} of ${step === undefined ? action : `step ${String(step.index + 1)}, ${action}`}`;
}

/** The command takes the proof out of this report and checks it with nothing but the key. */
function verifyCommand(name: string, key: string): string {
  const cut = `awk '/^\`\`\`tlog-proof ${name}$/{on=1;next} /^\`\`\`$/{on=0} on' REPORT.md > ${name}.tlog-proof`;
  return `${cut} && elulmc audits verify-log --proof ${name}.tlog-proof --key '${key}'`;
}

async function proofLines(ledger: RunLedger, position: EntryPosition, what: string): Promise<readonly string[]> {
  const name = `${position.log}-${String(position.index)}`;
  const head = ['', `### Entry ${String(position.index)} of ${codeSpan(position.log)}: ${plainMarkdown(what)}`, ''];
  let proof: EntryProof;
  try {
    proof = await ledger.proofOf(position);
  } catch (error) {
    return [...head, `No proof could be made: ${plainMarkdown(asElulmcError(error).message)}`];
  }
  const command = ['```sh', verifyCommand(name, proof.key), '```'];
  return [...head, ...fencedText(proof.entry), '', `\`\`\`tlog-proof ${name}`, proof.proof.trimEnd(), '```', '', ...command];
}

async function ledgerLines(view: RunView, ledger: RunLedger): Promise<readonly string[]> {
  const lines: string[] = [];
  let found: readonly RunEntry[] = [];
  try {
    found = await ledger.entriesOf(view);
  } catch (error) {
    lines.push('', `The log could not be searched for entries of this run: ${plainMarkdown(asElulmcError(error).message)}`);
  }
  const isFound = ({ position }: RunEntry): boolean => found.some((each) => each.position.log === position.log && each.position.index === position.index);
  const entries = [...found, ...reportedEntries(view).filter((entry) => !isFound(entry))];
  if (entries.length === 0) return [...lines, '', 'No entry of this run was found in the ledger.'];
  lines.push(
    '',
    'Each command below takes one proof out of this file (saved as REPORT.md) and checks it offline. Take the key from another way than this file.',
  );
  for (const entry of entries) lines.push(...(await proofLines(ledger, entry.position, whatEntry(view, entry))));
  return lines;
}

/**
 * The report of a run as Markdown: who and when, every step with its plan, result, approvers and evidence, and for every entry
 * of it the proof that it stands in the ledger. Nothing that came from others is markup in it. An entry without a proof says
 * why; the report is made all the same.
 */
export async function exportRun(view: RunView, ledger: RunLedger): Promise<string> {
  const lines = [...header(view), '', ...timeline(view), '', '## Steps', ...view.steps.flatMap(stepLines), '', '## Ledger proofs'];
  lines.push(...(await ledgerLines(view, ledger)));
  return `${lines.join('\n')}\n`;
}
