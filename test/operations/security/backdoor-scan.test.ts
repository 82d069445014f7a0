import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { rootOf } from '../../../src/artifacts/manifest/manifest.ts';
import { comparePathParts } from '../../../src/artifacts/manifest/path-order.ts';
import { newId } from '../../../src/core/ids.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import type { OperationContext } from '../../../src/operations/context.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { backdoorScan } from '../../../src/operations/security/backdoor-scan.ts';
import type { RegisteredModel } from '../../../src/services/registry/service.ts';
import { CLEAN, folderWith, MALICIOUS } from '../../artifacts/report/scanned-model.ts';
import type { Files } from '../../artifacts/report/scanned-model.ts';
import { makeSafetensors } from '../../artifacts/safetensors/support.ts';
import { bundleOf, statementFor } from '../../artifacts/signing/signed-models.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

const SMALL: Files = { 'config.json': '{"model_type":"llama"}', 'tokenizer_config.json': CLEAN['tokenizer_config.json'] ?? '' };
const PICKLE = MALICIOUS['optimizer one.pkl'] ?? '';

let services: MemoryServices;
const made: MemoryServices[] = [];
beforeEach(() => {
  services = memoryServices();
  made.push(services);
});
afterAll(() => {
  for (const one of made) one.remove();
});

/** As the command line runs it in its own process. */
function locally(input: object, signal = new AbortController().signal, onProgress: (text: string) => void = () => undefined) {
  const entry = byName('security', 'backdoor-scan');
  if (entry === undefined) throw new Error('not in the catalogue');
  return runLocally(entry, { home: services.home, input, uid: 1000, signal, onProgress });
}

/** As the control plane performs it. */
async function perform(input: object, context: OperationContext = contextOf(services)) {
  const given = parseFields(backdoorScan.input, input) as never;
  await backdoorScan.plan(context, given);
  const performed = await backdoorScan.perform(context, given);
  expect(backdoorScan.output.parse(performed.output)).toEqual(performed.output);
  return performed;
}

async function register(location: string, files: Files, version: string): Promise<RegisteredModel> {
  const manifest = Object.entries(files)
    .map(([name, bytes]) => ({ name, sha256: createHash('sha256').update(bytes).digest('hex') }))
    .sort((a, b) => comparePathParts(a.name, b.name));
  const digest = rootOf(manifest.map(({ name, sha256 }) => ({ name, digest: sha256 })));
  const words = { imported: false, files: manifest.length, bytes: 1, signature: null, parents: [], datasets: [], trainingRun: null, licence: null };
  return services.registry.register({ name: 'demo', version, digest, location, ...words, owner: 'tests', registeredBy: 'system', manifest }, newId('run'));
}

async function gateOf(digest: string): Promise<string | undefined> {
  return (await services.registry.gates(digest)).find(({ gate }) => gate === 'backdoor-scan')?.verdict;
}

async function waive(digest: string, rule: string, given: object = {}) {
  const words = { digest, rule, path: null, reason: 'a test', owner: 'tests', until: '2100-01-01T00:00:00.000Z', createdBy: 'per_a' };
  return services.waivers.waive({ ...words, ...given }, newId('run'));
}

describe('in the process of the caller', () => {
  test.each<[string, object, string]>([
    ['no model', {}, 'model'],
    ['an unknown format', { model: 'x', format: 'html' }, 'format'],
    ['an unknown option', { model: 'x', deep: true }, 'deep'],
    ['a number that is no path', { model: 5 }, 'model'],
  ])('%s is refused', async (_what, input, field) => {
    await expect(locally(input)).rejects.toMatchObject({ code: 'FIELD_INVALID', message: expect.stringContaining(field) as string });
  });

  test('what is not there is named, before anything is read', async () => {
    const model = folderWith(SMALL);
    await expect(locally({ model: '/nonexistent/model' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'model' });
    await expect(locally({ model, baseline: '/nonexistent' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'baseline' });
    await expect(locally({ model, adapter: ['/nonexistent'] })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'adapter' });
    await expect(locally({ model: 'demo@1' })).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE', field: 'model' });
  });

  test('each verdict has its exit code', async () => {
    const said: string[] = [];
    expect(await locally({ model: folderWith(SMALL) }, undefined, (text) => said.push(text))).toMatchObject({
      ...{ exit: 0, verdict: 'ok', recorded: 'local' },
      ...{ summary: expect.stringMatching(/^No indicator found in 2 files/) as string },
    });
    expect(said.some((text) => /^scanning \d+ %, \d of 2 files: /.test(text))).toBe(true);
    expect(await locally({ model: folderWith({ 'x.pkl': PICKLE }) })).toMatchObject({ exit: 3, verdict: 'finding', output: { verdict: 'malicious' } });
    expect(await locally({ model: folderWith({ 'x.bin': Buffer.from('\u0000\u0001\u0002nobody knows it'.repeat(50)) }) })).toMatchObject({
      ...{ exit: 8, verdict: 'inconclusive', output: { verdict: 'unsupported' } },
    });
  });

  test('without --strict only malicious findings count', async () => {
    const model = folderWith({ 'x.safetensors': 'no header at all, but some bytes' });
    expect(await locally({ model })).toMatchObject({ exit: 3, output: { verdict: 'malformed' } });
    expect(await locally({ model, strict: false })).toMatchObject({ exit: 0, output: { verdict: 'malformed' } });
    expect(await locally({ model: folderWith({ 'x.pkl': PICKLE }), strict: false })).toMatchObject({ exit: 3 });
  });

  test('a model that a manifest cannot describe has no digest, and the report says why', async () => {
    const folder = folderWith(SMALL);
    symlinkSync(join(folder, 'config.json'), join(folder, 'link.json'));
    expect(await locally({ model: folder })).toMatchObject({ output: { digest: null, digestNote: expect.stringContaining('link.json') as string } });
    expect(await locally({ model: folderWith(SMALL), headersOnly: true })).toMatchObject({
      output: { digest: null, headersOnly: true, digestNote: expect.stringContaining('headers only') as string },
    });
  });

  test('against an older version: tensors, templates, and adapters that stand out', async () => {
    const values = Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const tensor = (numbers: readonly number[]) => ({ dtype: 'F32', shape: [4, 16], data: Buffer.from(Float32Array.from(numbers).buffer) });
    const model = (numbers: readonly number[]): Buffer =>
      makeSafetensors({ 'a.weight': tensor(numbers), 'b.weight': tensor(values), 'c.weight': tensor(values) });
    const old = folderWith({ ...SMALL, 'model.safetensors': model(values) });
    const template = '{"chat_template":"{{ messages[0].content }}"}';
    const now = folderWith({ 'tokenizer_config.json': template, 'model.safetensors': model(values.map((value, i) => (i === 3 ? value + 9 : value))) });
    const report = await locally({ model: now, baseline: old, weights: true });
    expect(report).toMatchObject({ exit: 3, output: { baseline: { from: 'given', compared: 3, changedTotal: 1 }, weights: { total: 3 } } });
    const { findings } = report.output as { findings: { rule: string; path: string[] }[] };
    expect(findings.map(({ rule, path }) => [rule, path[0]])).toEqual([
      ['compare-concentrated-change', 'model.safetensors'],
      ['template-changed', 'tokenizer_config.json'],
    ]);
    const same = await locally({ model: old, baseline: old });
    expect(same).toMatchObject({ exit: 0, output: { baseline: { changedTotal: 0 } } });
  });

  test('a given adapter is scanned too, under its own name', async () => {
    const model = folderWith(SMALL);
    const report = await locally({ model, adapter: [folderWith({ 'adapter.pkl': PICKLE })] });
    expect(report.exit).toBe(3);
    const { findings, coverage } = report.output as { findings: { path: string[] }[]; coverage: { notChecked: { check: string }[] } };
    expect(findings[0]?.path[0]).toMatch(/^adapter:elulmc-scanned-model-.*\/adapter\.pkl$/);
    expect(coverage.notChecked.map(({ check }) => check)).toContain('spectra of adapters');
  });

  test('an interrupted scan ends as one', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(locally({ model: folderWith(SMALL) }, abort.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test.each(['text', 'json', 'sarif', 'cyclonedx'])('stdout gets %s', async (format) => {
    const { output } = await locally({ model: folderWith({ 'x.pkl': PICKLE }), format });
    const lines = backdoorScan.render?.(output as never) ?? [];
    const marks: Readonly<Record<string, RegExp>> = {
      text: /^model {8}/,
      json: /"filesTotal": 1/,
      sarif: /"version": "2\.1\.0"/,
      cyclonedx: /"specVersion": "1\.6"/,
    };
    expect(lines.join('\n')).toMatch(marks[format] ?? /^$/);
  });
});

describe('with the registry', () => {
  test('a registered model is what was registered, and the result is kept for its digest', async () => {
    const folder = folderWith(SMALL);
    const model = await register(folder, SMALL, '1');
    const { verdict, output } = await perform({ model: 'demo@1' });
    expect({ verdict, matches: output.registered?.matches, digest: output.digest }).toEqual({ verdict: 'ok', matches: true, digest: model.digest });
    expect(await gateOf(model.digest)).toBe('ok');
  });

  test('other bytes are a violation until they are the same again, whatever is in them', async () => {
    const folder = folderWith(SMALL);
    const model = await register(folder, SMALL, '1');
    writeFileSync(join(folder, 'config.json'), '{"model_type":"other"}');
    const { verdict, summary, output } = await perform({ model: model.id });
    expect(verdict).toBe('violation');
    expect(summary).toMatch(/^These are not the bytes of demo@1 \(config\.json other bytes than registered\)/);
    expect(output.registered?.differs).toEqual([{ name: 'config.json', fault: 'other bytes than registered' }]);
    expect(await gateOf(model.digest)).toBe('violation');
    writeFileSync(join(folder, 'config.json'), SMALL['config.json'] ?? '');
    // By its path, which is where it was registered.
    expect((await perform({ model: folder })).verdict).toBe('ok');
    expect(await gateOf(model.digest)).toBe('ok');
  });

  test('a missing file and a new one are other bytes; a signature that came later is not', async () => {
    const folder = folderWith(SMALL);
    const model = await register(folder, SMALL, '1');
    writeFileSync(join(folder, 'model.sig'), bundleOf(statementFor({})));
    expect((await perform({ model: 'demo@1' })).verdict).toBe('ok');
    writeFileSync(join(folder, 'more.txt'), 'new');
    rmSync(join(folder, 'config.json'));
    const { verdict, output } = await perform({ model: 'demo@1' });
    expect(verdict).toBe('violation');
    expect(output.registered?.differs.map(({ name, fault }) => `${name} ${fault}`)).toEqual(['config.json is missing', 'more.txt was not registered']);
    expect(await gateOf(model.digest)).toBe('violation');
  });

  test('a copy elsewhere is known by its digest, and a copy with other bytes says nothing about the registered one', async () => {
    const model = await register(folderWith(SMALL), SMALL, '1');
    expect((await perform({ model: folderWith(SMALL) })).output.registered?.name).toBe('demo');
    expect(await gateOf(model.digest)).toBe('ok');
    const { verdict, output } = await perform({ model: folderWith({ ...SMALL, 'x.pkl': PICKLE }) });
    expect({ verdict, registered: output.registered }).toEqual({ verdict: 'finding', registered: null });
    expect(await gateOf(model.digest)).toBe('ok');
    expect(await gateOf(output.digest ?? '')).toBe('finding');
  });

  test('it is compared with the previous version, whose other chat template is a finding', async () => {
    const old = { ...SMALL, 'tokenizer_config.json': '{"chat_template":"{{ messages[0].content }}"}' };
    await register(folderWith(old), old, '1');
    await register(folderWith(SMALL), SMALL, '2');
    const { output, verdict } = await perform({ model: 'demo@2' });
    expect(output.baseline).toMatchObject({ target: 'demo@1', from: 'registry' });
    expect({ verdict, rules: output.findings.map(({ rule }) => rule) }).toEqual({ verdict: 'finding', rules: ['template-changed'] });
    expect((await perform({ model: 'demo@1' })).output.baseline).toBeNull();
  });

  test('a previous version whose files are gone is said', async () => {
    const gone = folderWith({ 'a.txt': 'a' });
    await register(gone, { 'a.txt': 'a' }, '1');
    rmSync(gone, { recursive: true });
    await register(folderWith(SMALL), SMALL, '2');
    const { output, verdict } = await perform({ model: 'demo@2' });
    expect({ verdict, notes: output.notes }).toEqual({
      verdict: 'ok',
      notes: [expect.stringContaining('demo@1, the previous version, are not there any more')],
    });
  });

  test('headers only leave no result for the gates, and --no-strict leaves the strict one', async () => {
    const files = { 'x.safetensors': 'no header at all, but some bytes' };
    const model = await register(folderWith(files), files, '1');
    expect((await perform({ model: 'demo@1', headersOnly: true })).output.registered?.matches).toBeNull();
    expect(await gateOf(model.digest)).toBeUndefined();
    expect((await perform({ model: 'demo@1', strict: false })).verdict).toBe('ok');
    expect(await gateOf(model.digest)).toBe('finding');
  });

  test('who may not operate has no file read outside of the models, and vouches for nothing that is not registered', async () => {
    const viewer = contextOf(services, personWith('viewer'));
    await expect(perform({ model: folderWith(SMALL) }, viewer)).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'model' });
    mkdirSync(join(services.home.models, 'inside'), { recursive: true });
    writeFileSync(join(services.home.models, 'inside/config.json'), '{}');
    const { verdict, output } = await perform({ model: 'inside' }, viewer);
    expect(verdict).toBe('ok');
    expect(await gateOf(output.digest ?? '')).toBeUndefined();
  });
});

describe('waivers', () => {
  const files = { 'x.pkl': PICKLE };

  test('what is waived stays in the report and does not count', async () => {
    const model = await register(folderWith(files), files, '1');
    const rules = (await perform({ model: 'demo@1' })).output.rules.map(({ id }) => id);
    for (const rule of rules) await waive(model.digest, rule, { path: 'x.pkl' });
    const { verdict, output, summary } = await perform({ model: 'demo@1' });
    expect({ verdict, is: output.verdict, counted: output.counted }).toEqual({ verdict: 'ok', is: 'malicious', counted: 'clean' });
    expect(summary).toMatch(/^Malicious \(waived\): /);
    expect(output.findings.every(({ waiver }) => waiver !== null)).toBe(true);
    expect(await gateOf(model.digest)).toBe('ok');
  });

  test('one that is for another digest, another file, expired or revoked counts for nothing', async () => {
    const model = await register(folderWith(files), files, '1');
    const [rule = ''] = (await perform({ model: 'demo@1' })).output.rules.map(({ id }) => id);
    await waive('b'.repeat(64), rule);
    await waive(model.digest, rule, { path: 'y.pkl' });
    await waive(model.digest, rule, { until: '2020-01-01T00:00:00.000Z' });
    const revoked = await waive(model.digest, rule);
    await services.waivers.revoke(revoked.id, { by: 'per_a', reason: 'no' });
    const { verdict, output } = await perform({ model: 'demo@1' });
    expect({ verdict, counted: output.counted }).toEqual({ verdict: 'finding', counted: 'malicious' });
    expect(output.waivers.map(({ state, findings }) => [state, findings > 0])).toEqual([
      ['active', false],
      ['expired', true],
      ['revoked', false],
    ]);
    expect(output.findings.filter(({ expiredWaiver }) => expiredWaiver !== null).length).toBeGreaterThan(0);
    expect(output.findings.every(({ waiver }) => waiver === null)).toBe(true);
  });
});
