import { readFileSync, readdirSync } from 'node:fs';

/** Ticks of utime and stime per second: the kernel reports them to user space at 100 Hz on every Linux architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What processes have used since their start. */
export interface ProcessUse {
  /** User and system CPU time in microseconds, resolution 10 ms. */
  readonly cpuUs: number;
  /** `read` calls on files and sockets. libuv reads sockets by `read`; programs that use `recv` (nginx) are not counted here. */
  readonly readCalls: number;
}

/** CPU microseconds in a `/proc/P/stat` line (proc_pid_stat(5), fields 14 and 15). The command may hold spaces and brackets. */
export function cpuUsOfStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`not a line of /proc/P/stat: ${stat}`);
  return (ticks * 1e6) / TICKS_PER_SECOND;
}

/** The number behind `name:` in a /proc file of such lines (`io`, `smaps_rollup`), 0 when it is not there. */
export function numberOf(name: string, text: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text);
  return found === null ? 0 : Number(found[1]);
}

/** The text of a /proc file, empty when the process has gone. */
function procText(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return [];
  }
}

/** `roots` and all their descendants, each once. */
export function treeOf(roots: readonly number[]): number[] {
  const seen = new Set<number>();
  const waiting = [...roots];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    for (const thread of threadsOf(pid)) {
      const children = procText(`${String(pid)}/task/${thread}/children`);
      waiting.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return [...seen];
}

/** Sum over exactly these processes. */
export function useOf(pids: readonly number[]): ProcessUse {
  let cpuUs = 0;
  let readCalls = 0;
  for (const pid of pids) {
    const stat = procText(`${String(pid)}/stat`);
    if (stat === '') continue;
    cpuUs += cpuUsOfStat(stat);
    readCalls += numberOf('syscr', procText(`${String(pid)}/io`));
  }
  return { cpuUs, readCalls };
}

/** CPU microseconds by thread name (`/proc/P/task/T/comm`), of these processes alone. */
export function cpuUsByThread(pids: readonly number[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const task = `${String(pid)}/task/${thread}`;
      const stat = procText(`${task}/stat`);
      if (stat === '') continue;
      const name = procText(`${task}/comm`).trim();
      total.set(name, (total.get(name) ?? 0) + cpuUsOfStat(stat));
    }
  }
  return total;
}

/** Proportional set size of each process in bytes (`smaps_rollup`); shared pages count once over all sharers. */
export function pssOf(pids: readonly number[]): number[] {
  return pids.map((pid) => numberOf('Pss', procText(`${String(pid)}/smaps_rollup`)) * 1024);
}

export function isRunning(pid: number): boolean {
  const stat = procText(`${String(pid)}/stat`);
  return stat !== '' && stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
}
