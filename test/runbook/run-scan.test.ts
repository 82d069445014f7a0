import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pickle, SYSTEM } from '../artifacts/pickle/assembler.ts';
import { closingFixtures, document } from './run-fixture.ts';

const fixture = closingFixtures();
/** As the document has it. */
const LINE = 'python security/backdoor_scan.py --model new_model.bin';

test('the line of the document scans a model of this home, and a finding ends the run before the next step', async () => {
  const { run, services, log } = await fixture();
  mkdirSync(services.home.models, { recursive: true });
  writeFileSync(join(services.home.models, 'new_model.bin'), pickle(SYSTEM));
  const view = await run(document(LINE, './deployment/check_model_load.sh'));
  expect(view.exit).toBe(3);
  expect(view.steps.map(({ state }) => state)).toEqual(['failed', 'pending']);
  expect(log.entries.some(({ action, outcome }) => action === 'security backdoor-scan' && outcome === 'finding')).toBe(true);
});

test('a model without a finding lets the run go on', async () => {
  const { run, services } = await fixture();
  mkdirSync(services.home.models, { recursive: true });
  copyFileSync(join(import.meta.dirname, '../../models/clean.gguf'), join(services.home.models, 'new_model.bin'));
  const view = await run(document(LINE, './deployment/check_model_load.sh'));
  expect({ exit: view.exit, states: view.steps.map(({ state }) => state) }).toEqual({ exit: 0, states: ['succeeded', 'succeeded'] });
});

test('a model that is not there ends the run', async () => {
  const { run } = await fixture();
  const view = await run(document(LINE));
  expect({ exit: view.exit, states: view.steps.map(({ state }) => state) }).toEqual({ exit: 2, states: ['failed'] });
});
