import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../core/home.ts';

const MODEL_FILE = 'clean.gguf';
/** Every two seconds instead of every hour. */
const CHECK_CRON = '*/2 * * * * *';

/** Folder of the model that is registered, and the file in it that the engine serves. */
export function tamperModel(home: Home): { readonly folder: string; readonly file: string } {
  const folder = join(home.models, 'demo-served');
  return { folder, file: join(folder, MODEL_FILE) };
}

/** Copies the demo's model into the home and gives a configuration that serves this copy and checks it often. */
export function prepareTamperHome(home: Home, programRoot: string): unknown {
  const { folder, file } = tamperModel(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copyFileSync(join(programRoot, 'models', MODEL_FILE), file);
  return {
    gateway: { name: 'drill', workers: 1 },
    engines: [{ name: 'primary', model: file, servedName: 'clean', sequences: 2 }],
    routes: [{ model: 'demo', targets: [{ upstream: 'primary', model: 'clean' }] }],
    schedules: [{ name: 'model-integrity', runbook: 'model-integrity', section: 'Scheduled Check', cron: CHECK_CRON }],
  };
}
