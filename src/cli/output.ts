import { monotonicMs } from '../core/clock.ts';
import type { Problem } from '../core/errors.ts';
import type { Stdio } from './stdio.ts';

/** Says on one line of a terminal what is going on. */
export interface Progress {
  text(text: string): void;
  /** Clears the line. */
  end(): void;
}

/** How the beginning of a line looks on a terminal with colors. */
export type Tone = 'good' | 'bad' | 'waiting' | 'dim';

/** Data goes to stdout, words go to stderr; with `json`, errors are an object on stdout too. */
export interface Output {
  readonly json: boolean;
  data(text: string): void;
  /** Data whose beginning is painted where stdout is a terminal with colors. */
  marked(mark: string, tone: Tone, rest: string): void;
  object(value: unknown): void;
  words(text: string): void;
  problem(problem: Pick<Problem, 'code' | 'detail' | 'help' | 'id'>): void;
  progress(): Progress;
}

const QUIET_MS = 1_000;
const FRAME_MS = 120;
const FRAMES = ['-', '\\', '|', '/'];
const MAX_LINE = 100;

/** What comes from files and servers must not steer the terminal. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that it takes out
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
}

/** A reader that has gone (`| head`) ends nothing and is no error: what would be written is dropped. */
function openWriter(stream: NodeJS.WritableStream): (text: string) => void {
  let isOpen = true;
  stream.on('error', () => {
    isOpen = false;
  });
  return (text) => {
    if (isOpen) stream.write(text);
  };
}

function openProgress(write: (text: string) => void): Progress {
  const startedMs = monotonicMs();
  let current = 'working';
  let frame = 0;
  let isShown = false;
  const timer = setInterval(() => {
    const elapsedMs = monotonicMs() - startedMs;
    if (elapsedMs < QUIET_MS) return;
    isShown = true;
    frame += 1;
    write(`\r\u001b[K${FRAMES[frame % FRAMES.length] ?? ''} ${current} (${String(Math.floor(elapsedMs / 1000))} s)`);
  }, FRAME_MS);
  timer.unref();
  return {
    text: (text) => {
      current = printable(text).slice(0, MAX_LINE);
    },
    end: () => {
      clearInterval(timer);
      if (isShown) write('\r\u001b[K');
    },
  };
}

export async function openOutput(stdio: Stdio, json: boolean, color: boolean): Promise<Output> {
  const { default: picocolors } = await import('picocolors');
  const paint = picocolors.createColors(color && stdio.stderr.isTTY === true);
  const out = openWriter(stdio.stdout);
  const err = openWriter(stdio.stderr);
  const words = (text: string): void => {
    err(`${printable(text)}\n`);
  };
  const onData = picocolors.createColors(color && stdio.stdout.isTTY === true);
  const tones = { good: onData.green, bad: onData.red, waiting: onData.yellow, dim: onData.dim } as const;
  const object = (value: unknown): void => {
    out(`${JSON.stringify(value, undefined, 2)}\n`);
  };
  return {
    json,
    data: (text) => {
      out(`${printable(text)}\n`);
    },
    marked: (mark, tone, rest) => {
      out(`${tones[tone](printable(mark))}${printable(rest)}\n`);
    },
    object,
    words,
    problem: (problem) => {
      if (json) object(problem);
      err(
        `${paint.red(`error ${problem.code}:`)} ${printable(problem.detail)}\n${paint.bold('help:')} ${printable(problem.help)}\n${paint.dim(`id: ${problem.id}`)}\n`,
      );
    },
    progress: () => {
      if (stdio.stderr.isTTY !== true) return { text: () => undefined, end: () => undefined };
      return openProgress(err);
    },
  };
}
