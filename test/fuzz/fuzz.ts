import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FuzzJob, FuzzMessage } from './fuzz-child.ts';

/** Without a word for so long a process hangs: longer than the limit of a scan, on a machine that is busy. */
const HANGS_MS = 180_000;
/** Cases that one process takes: what it has kept in memory from earlier ones shall not look like growth. */
const PER_PROCESS = 5000;

export interface Failure {
  readonly index: number;
  readonly why: string;
}

export interface FuzzRun {
  readonly seed: number;
  /** Index of the first case. */
  readonly from: number;
  readonly runs: number;
  readonly processes: number;
  readonly onDone: (cases: number) => void;
  readonly onFailure: (failure: Failure) => void;
}

/** Scans mutated files in processes of their own, so that one that breaks or hangs is a failure and not the end. */
export async function fuzz({ seed, from, runs, processes, onDone, onFailure }: FuzzRun): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const report = (failure: Failure): void => {
    failures.push(failure);
    onFailure(failure);
  };
  const end = from + runs;
  let next = from;
  const work = async (): Promise<void> => {
    while (next < end) {
      let at = next;
      next = Math.min(end, next + PER_PROCESS);
      const to = next;
      while (at < to) {
        const stopped = await runProcess({ seed, from: at, to }, report);
        onDone((stopped ?? to) - at);
        at = stopped ?? to;
      }
    }
  };
  await Promise.all(Array.from({ length: processes }, work));
  return failures.sort((a, b) => a.index - b.index);
}

/** Null when all cases were run; else the index behind the one that broke the process, or made it hang. */
function runProcess(job: FuzzJob, report: (failure: Failure) => void): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'fuzz-child.ts'), { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
    let current = job.from;
    let isDone = false;
    let hangs = false;
    const watch = (): NodeJS.Timeout =>
      setTimeout(() => {
        hangs = true;
        child.kill('SIGKILL');
      }, HANGS_MS);
    let timer = watch();
    child.on('message', (message: FuzzMessage) => {
      clearTimeout(timer);
      timer = watch();
      if ('begun' in message) current = message.begun;
      else if ('failed' in message) {
        report({ index: message.failed, why: message.why });
        // Memory that has grown stays: the next one starts anew.
        if (message.why.startsWith('the process has grown')) child.kill('SIGKILL');
      } else {
        isDone = true;
        child.disconnect();
      }
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (isDone) {
        resolve(null);
        return;
      }
      if (hangs) report({ index: current, why: `no answer in ${String(HANGS_MS / 1000)} s` });
      else if (signal !== 'SIGKILL') report({ index: current, why: `the process ended (${String(code ?? signal)}): ${errors.trim()}` });
      resolve(current + 1);
    });
    child.send(job);
  });
}
