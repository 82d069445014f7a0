import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile, syncFolder } from '../../core/atomic-file.ts';
import { wallAt } from '../../core/clock.ts';
import { asRecord } from '../../core/json.ts';

/** What the kill-switch file says. Its presence alone isolates; the content only tells people why. */
export interface KillSwitch {
  readonly reason: string;
  readonly author: string;
  readonly at: string;
}

/** Puts the file in place: temporary file, fsync, rename, fsync of the folder. */
export function writeKillSwitch(path: string, reason: string, author: string): KillSwitch {
  const content: KillSwitch = { reason, author, at: wallAt() };
  replaceFile(path, JSON.stringify(content) + '\n');
  return content;
}

/** The file's content, or undefined when it is absent. A file that cannot be understood is still a kill switch. */
export function readKillSwitch(path: string): KillSwitch | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { reason: 'the file cannot be read', author: 'unknown', at: wallAt() };
  }
  let parsed: Record<string, unknown> | undefined;
  try {
    parsed = asRecord(JSON.parse(text));
  } catch {
    parsed = undefined;
  }
  const field = (name: string): string => (typeof parsed?.[name] === 'string' ? parsed[name] : 'unknown');
  return { reason: field('reason'), author: field('author'), at: field('at') };
}

/** Removes the file durably; true when there was one. */
export function removeKillSwitch(path: string): boolean {
  const present = readKillSwitch(path) !== undefined;
  rmSync(path, { force: true });
  syncFolder(dirname(path));
  return present;
}
