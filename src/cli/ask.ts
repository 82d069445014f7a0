import { ElulmcError } from '../core/errors.ts';
import type { Stdio } from './stdio.ts';

/** Whether a person can be asked: both ends are a terminal. */
export function canAsk(stdio: Stdio): boolean {
  return stdio.stdin.isTTY === true && stdio.stderr.isTTY === true;
}

function streams(stdio: Stdio, signal: AbortSignal): { readonly input: Stdio['stdin']; readonly output: Stdio['stderr']; readonly signal: AbortSignal } {
  return { input: stdio.stdin, output: stdio.stderr, signal };
}

/** Asks for a text at the terminal. INTERRUPTED when the person breaks off. */
export async function askText(stdio: Stdio, signal: AbortSignal, message: string, isSecret: boolean): Promise<string> {
  const { isCancel, password, text } = await import('@clack/prompts');
  const answer = await (isSecret ? password : text)({ message, ...streams(stdio, signal) });
  if (isCancel(answer)) throw new ElulmcError('INTERRUPTED', 'the question was not answered');
  return answer;
}

/** Asks for a text that may stay empty. INTERRUPTED when the person breaks off. */
export async function askOptionalText(stdio: Stdio, signal: AbortSignal, message: string): Promise<string> {
  const { isCancel, text } = await import('@clack/prompts');
  const answer = await text({ message, defaultValue: '', ...streams(stdio, signal) });
  if (isCancel(answer)) throw new ElulmcError('INTERRUPTED', 'the question was not answered');
  return answer.trim();
}

/** Asks to choose one of several; undefined when the person breaks off. */
export async function askChoice<T extends string>(
  stdio: Stdio,
  signal: AbortSignal,
  message: string,
  choices: readonly { readonly value: T; readonly label: string }[],
): Promise<T | undefined> {
  const { isCancel, select } = await import('@clack/prompts');
  const options = choices.map(({ value, label }) => ({ value, label }));
  const answer = await select<string>({ message, options, ...streams(stdio, signal) });
  return isCancel(answer) ? undefined : choices.find(({ value }) => value === answer)?.value;
}
