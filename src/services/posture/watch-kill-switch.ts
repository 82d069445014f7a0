import { lstatSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';

const FALLBACK_POLL_MS = 50;

/** Whether the file is in place. What cannot be found out counts as in place: closed is the safe side. */
function inPlace(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

export interface KillSwitchWatch {
  present(): boolean;
  /** Looks now; the owner calls it regularly, because a watch can go blind without a word. */
  check(): void;
  close(): void;
}

/** Watches for the kill-switch file; `onChange` is called in the turn in which the file was seen to come or go. */
export function watchKillSwitch(path: string, onChange: () => void): KillSwitchWatch {
  let present = inPlace(path);
  let poll: NodeJS.Timeout | undefined;
  const check = (): void => {
    const now = inPlace(path);
    if (now === present) return;
    present = now;
    onChange();
  };
  const pollInstead = (): void => {
    poll ??= setInterval(check, FALLBACK_POLL_MS);
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, check);
    watcher.on('error', pollInstead);
  } catch {
    pollInstead();
  }
  // The file may have come between the first look and the start of the watch.
  present = inPlace(path);
  return {
    present: () => present,
    check,
    close: () => {
      watcher?.close();
      clearInterval(poll);
    },
  };
}
