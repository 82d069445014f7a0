import { EXIT } from '../core/exit-codes.ts';
import type { RunView, StepView } from '../runbook/run-view.ts';
import type { Output, Tone } from './output.ts';

/** How a state looks: a mark and a word, and how both are painted. */
interface StateText {
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
}

const WIDTH = 'waiting-approval'.length;

const STATES: Readonly<Record<RunView['state'], StateText>> = {
  pending: { mark: '.', word: 'pending', tone: 'dim' },
  'waiting-approval': { mark: '?', word: 'waiting-approval', tone: 'waiting' },
  running: { mark: '>', word: 'running', tone: 'waiting' },
  succeeded: { mark: '+', word: 'succeeded', tone: 'good' },
  failed: { mark: 'x', word: 'failed', tone: 'bad' },
  skipped: { mark: '-', word: 'skipped', tone: 'dim' },
  aborted: { mark: 'x', word: 'aborted', tone: 'bad' },
};

/** A step that has succeeded says more: who did it, or what it found. */
function stepState({ state, exit, kind }: StepView, waits: boolean): StateText {
  if (state === 'pending' && waits) return { mark: '?', word: 'waiting', tone: 'waiting' };
  if (state !== 'succeeded') return STATES[state];
  if (kind === 'prose') return { ...STATES.succeeded, word: 'confirmed' };
  if (exit === EXIT.finding) return { mark: '!', word: 'finding', tone: 'waiting' };
  if (exit === EXIT.inconclusive) return { mark: '!', word: 'inconclusive', tone: 'waiting' };
  return STATES.succeeded;
}

function padded({ mark, word }: StateText): string {
  return `${mark} ${word.padEnd(WIDTH)}`;
}

/** Space as wide as a state, for the lines that belong to one. */
export const INDENT = ' '.repeat(WIDTH + 4);

export function oneLine(text: string): string {
  return text.replaceAll(/\s*\\?\n\s*/g, ' ').trim();
}

/** What a step does, in one line: its operation, its process or its sentence. */
export function whatText({ operation, text }: Pick<StepView, 'operation' | 'text'>): string {
  return operation ?? oneLine(text);
}

export function stepStateText(step: StepView, view: RunView): string {
  return padded(stepState(step, view.waitsFor?.step === step.id));
}

export function printStepState(output: Output, step: StepView, view: RunView, rest: string): void {
  output.marked(stepStateText(step, view), stepState(step, view.waitsFor?.step === step.id).tone, `  ${rest}`);
}

export function printRunState(output: Output, view: Pick<RunView, 'state' | 'waitsFor'>, rest: string): void {
  const state = view.state === 'pending' && view.waitsFor !== null ? { ...STATES['waiting-approval'], word: 'waiting' } : STATES[view.state];
  output.marked(padded(state), state.tone, `  ${rest}`);
}

/** The section as a person reads it. */
export function sectionText({ runbook, section }: Pick<RunView, 'runbook' | 'section'>): string {
  return section === '/' ? `${runbook} (the whole document)` : section;
}
