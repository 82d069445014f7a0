import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { ElulmcError } from '../core/errors.ts';
import { MAX_EVIDENCE_BYTES } from '../runbook/run-view.ts';
import type { AnswerBody, ShownStep } from '../runbook/run-view.ts';
import { askChoice, askOptionalText } from './ask.ts';
import { controlAddress } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';
import { runPath } from './runbook-request.ts';

type Decision = AnswerBody['decision'];

const CHOICES: readonly { readonly value: Decision; readonly label: string }[] = [
  { value: 'confirmed', label: 'Done' },
  { value: 'skipped', label: 'Skip it' },
  { value: 'stop', label: 'Stop the run' },
];

/** A file as evidence of a step. FIELD_INVALID when it cannot be read or is too large. */
export function evidenceFile(path: string): NonNullable<AnswerBody['file']> {
  const refuse = (what: string, cause?: unknown): ElulmcError => new ElulmcError('FIELD_INVALID', `--evidence: ${path} ${what}`, { field: 'evidence', cause });
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw refuse('is not a file');
    if (stat.size > MAX_EVIDENCE_BYTES) throw refuse(`is larger than ${String(MAX_EVIDENCE_BYTES)} bytes`);
    return { name: basename(path), base64: readFileSync(path).toString('base64') };
  } catch (error) {
    if (error instanceof ElulmcError) throw error;
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  }
}

async function askEvidence(session: Session, signal: AbortSignal): Promise<AnswerBody['file'] | undefined> {
  for (;;) {
    const path = await askOptionalText(session.context.stdio, signal, 'File as evidence? Its path; empty: none.');
    if (path === '') return undefined;
    try {
      return evidenceFile(path);
    } catch (error) {
      if (!(error instanceof ElulmcError)) throw error;
      session.output.words(error.message);
    }
  }
}

/** Asks the person at the terminal about a step that they do. INTERRUPTED when they break off: the step still waits then. */
export async function askAboutStep(session: Session, step: Pick<ShownStep, 'id' | 'text'>, signal: AbortSignal): Promise<AnswerBody> {
  const { stdio } = session.context;
  const decision = await askChoice(stdio, signal, step.text, CHOICES);
  if (decision === undefined) throw new ElulmcError('INTERRUPTED', 'the question was not answered');
  if (decision === 'stop') return { step: step.id, decision };
  const note = await askOptionalText(stdio, signal, 'A note for the record? Empty: none.');
  const file = decision === 'confirmed' ? await askEvidence(session, signal) : undefined;
  return { step: step.id, decision, ...(note === '' ? {} : { note }), ...(file === undefined ? {} : { file }) };
}

export async function sendAnswer(session: Session, runId: string, body: AnswerBody, signal: AbortSignal): Promise<void> {
  await ask(controlAddress(session.context), { path: `${runPath(runId)}/answer`, body, signal });
}
