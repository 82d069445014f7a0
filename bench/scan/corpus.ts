import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runMeasured } from './run-measured.ts';

interface PeerRun {
  readonly cases: number;
  readonly seconds: number;
}

/** picklescan over the same folder, or null when it is not on PATH. Its exit code says what it found, which is not of interest here. */
async function runPicklescan(folder: string, cases: number): Promise<PeerRun | null> {
  const before = performance.now();
  const child = spawn('picklescan', ['--path', folder], { stdio: 'ignore' });
  try {
    await once(child, 'close');
  } catch {
    return null;
  }
  return { cases, seconds: (performance.now() - before) / 1000 };
}

/** Cases of the open corpus in a second, the start of the process not counted for ours and counted for the peer. */
export async function corpusSection(data: string, cache: string): Promise<string[]> {
  const title = ['### Open corpus', ''];
  const labels = join(data, 'labels.tsv');
  if (!existsSync(labels)) return [...title, `SKIPPED: there is no ${labels} (--data DIR names another folder).`, ''];
  const cases = readFileSync(labels, 'utf8').trim().split('\n').length - 1;
  const ours = await runMeasured('scan', data, cache);
  const peer = await runPicklescan(data, cases);
  const rate = (count: number, seconds: number): string => (count / seconds).toFixed(0);
  const lines = [
    '| what | cases | cases for each second | cases for each CPU second |',
    '|---|---|---|---|',
    `| ELULMC, every byte and every format | ${String(cases)} | ${rate(cases, ours.wallMs / 1000)} | ${rate(cases, ours.cpuMs / 1000)} |`,
    ...(peer === null ? [] : [`| picklescan, pickles only | ${String(cases)} | ${rate(cases, peer.seconds)} | - |`]),
  ];
  return [...title, ...lines, '', ...(peer === null ? ['- picklescan: SKIPPED, it is not on PATH', ''] : [])];
}
