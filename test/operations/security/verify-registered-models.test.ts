import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { verifyModel } from '../../../src/operations/security/verify-model.ts';
import type { RegisteredModel } from '../../../src/services/registry/service.ts';
import { bundleOf, FILES, newModel, OTHER_KEY, sha256, statementFor } from '../../artifacts/signing/signed-models.ts';
import { contextOf, LOCAL_USER, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { BUNDLE, HINT, KEY_FILE, newServices, OTHER_KEY_FILE, register, signedModel, SIGNED, verifyThere } from './verification-bench.ts';

let services: MemoryServices;
beforeEach(() => {
  services = newServices();
});

async function gateOf(model: RegisteredModel): Promise<string | undefined> {
  return (await services.registry.gates(model.digest)).find(({ gate }) => gate === 'verify-model')?.verdict;
}

function checksOf(
  { output }: { readonly output: { readonly models: readonly { readonly checks: readonly { name: string; outcome: string }[] }[] } },
  outcome: string,
): readonly string[] {
  return (output.models[0]?.checks ?? []).filter((check) => check.outcome === outcome).map(({ name }) => name);
}

describe('registered models', () => {
  test('none is no problem', async () => {
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'ok', summary: 'No registered model to check.', output: { models: [] } });
  });

  test('all are read again, each result is kept about its digest, those that are retired left alone', async () => {
    const [whole, damaged] = [newModel(FILES), newModel({ 'model.gguf': 'x' })];
    const [first, second, third] = [
      await register(services, whole),
      await register(services, damaged, { 'model.gguf': 'x' }),
      await register(services, '/nonexistent', { old: 'old' }),
    ];
    await services.registry.move(third, 'retired', { by: 'system', runId: newId('run'), reason: null });
    writeFileSync(join(damaged, 'model.gguf'), 'y');
    const context = contextOf(services);
    const { verdict, summary, output } = await verifyThere(services, {}, context);
    expect([verdict, output.ok, output.violation]).toEqual(['violation', 1, 1]);
    expect(summary).toContain('1 of 2 models are as registered');
    expect(summary).toContain(`demo@${second.version} violation: registered-files: changed: model.gguf`);
    expect([await gateOf(first), await gateOf(second), await gateOf(third)]).toEqual(['ok', 'violation', undefined]);
    expect(context.said.some((text) => text.startsWith('2 of 2: '))).toBe(true);
    expect(await services.registry.faults(second, 'validated')).toContainEqual(expect.objectContaining({ gate: 'verify-model' }));
    writeFileSync(join(damaged, 'model.gguf'), 'x');
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'ok' });
    expect(await gateOf(second)).toBe('ok');
  });

  test.each<[string, (model: string) => void, object]>([
    ['a missing file', (model) => rmSync(join(model, 'sub/a.txt')), { missing: ['sub/a.txt'] }],
    ['an added file', (model) => writeFileSync(join(model, 'run.py'), ''), { extra: ['run.py'] }],
    [
      'two files swapped',
      (model) => {
        writeFileSync(join(model, 'sub/a.txt'), 'b');
        writeFileSync(join(model, 'sub-b.txt'), 'a');
      },
      { changed: ['sub/a.txt', 'sub-b.txt'] },
    ],
    [
      'a file that became a link to the same bytes',
      (model) => {
        renameSync(join(model, 'config.json'), join(services.home.root, 'config.json'));
        symlinkSync(join(services.home.root, 'config.json'), join(model, 'config.json'));
      },
      { changed: ['config.json'] },
    ],
    [
      'a folder that became a link',
      (model) => {
        renameSync(join(model, 'sub'), join(services.home.root, 'sub'));
        symlinkSync(join(services.home.root, 'sub'), join(model, 'sub'));
      },
      { changed: ['sub'], missing: [] },
    ],
    ['the whole of it', (model) => rmSync(model, { recursive: true }), { missing: ['config.json', 'model.safetensors', 'sub/a.txt', 'sub-b.txt'] }],
  ])('%s is a violation', async (_what, change, lists) => {
    const model = newModel(FILES);
    const registered = await register(services, model);
    change(model);
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'violation', output: { models: [lists] } });
    expect(await gateOf(registered)).toBe('violation');
  });

  test.skipIf(process.getuid?.() === 0)('what cannot be read leaves the answer open (skipped for root)', async () => {
    const model = newModel(FILES);
    const registered = await register(services, model);
    chmodSync(join(model, 'config.json'), 0);
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'inconclusive', output: { inconclusive: 1 } });
    expect(await gateOf(registered)).toBe('inconclusive');
  });

  test('a registry whose manifest does not give its digest is a violation', async () => {
    const model = newModel(FILES);
    const registered = await register(services, model);
    Object.assign(registered, { digest: '0'.repeat(64) });
    const performed = await verifyThere(services, { model: registered.id });
    expect(performed.verdict).toBe('violation');
    expect(checksOf(performed, 'fail')).toEqual(['registered-digest']);
  });

  test('a signature that was put there later is no difference', async () => {
    const model = newModel(FILES);
    await register(services, model);
    writeFileSync(join(model, 'model.sig'), BUNDLE);
    const performed = await verifyThere(services, {});
    expect(performed).toMatchObject({ verdict: 'ok' });
    expect(checksOf(performed, 'note')).toContain('signature-files');
    writeFileSync(join(model, 'model.sig'), 'no signature');
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'violation', output: { models: [{ extra: ['model.sig'] }] } });
  });

  test('the signature is verified where the signer is known, by what the installation trusts', async () => {
    const model = signedModel();
    await register(services, model, FILES, SIGNED);
    const unknown = await verifyThere(services, {});
    expect(unknown).toMatchObject({ verdict: 'ok', output: { models: [{ signer: null }] } });
    expect(unknown.output.models[0]?.checks).toContainEqual(
      expect.objectContaining({ name: 'registered-signature', outcome: 'note', found: expect.stringContaining('model-signers') as string }),
    );
    mkdirSync(join(services.home.keys, 'model-signers'));
    copyFileSync(KEY_FILE, join(services.home.keys, 'model-signers', 'vendor.pem'));
    const known = await verifyThere(services, {});
    expect(known).toMatchObject({ verdict: 'ok', output: { models: [{ signer: { keyHint: HINT } }] } });
    expect(checksOf(known, 'pass')).toContain('registered-signature');
  });

  test('a signature that is gone or was replaced is a finding, and one kept in content/ is found', async () => {
    const model = signedModel();
    await register(services, model, FILES, SIGNED);
    writeFileSync(join(model, 'model.sig'), bundleOf(statementFor(FILES), { key: OTHER_KEY }));
    const performed = await verifyThere(services, {});
    expect(performed.verdict).toBe('finding');
    expect(checksOf(performed, 'policy')).toEqual(['registered-signature']);
    writeFileSync(join(services.home.content, SIGNED.sha256), BUNDLE);
    expect(await verifyThere(services, {})).toMatchObject({ verdict: 'ok' });
  });

  test('one by its name, id, digest or place, compared with its manifest', async () => {
    const model = signedModel();
    const registered = await register(services, model, FILES, SIGNED);
    writeFileSync(join(model, 'config.json'), 'x');
    for (const named of [registered.id, `demo@${registered.version}`, registered.digest, model])
      expect(await verifyThere(services, { model: named })).toMatchObject({
        verdict: 'violation',
        output: { models: [{ id: registered.id, changed: ['config.json'] }] },
      });
  });

  test('what a caller trusts or accepts decides what they are told, never the gate', async () => {
    const model = signedModel();
    const registered = await register(services, model, FILES, SIGNED);
    const viewer = contextOf(services, personWith('viewer'));
    await expect(verifyThere(services, { model, publicKey: OTHER_KEY_FILE }, viewer)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await verifyThere(services, { model: registered.id, publicKey: OTHER_KEY_FILE })).toMatchObject({ verdict: 'violation' });
    expect(await gateOf(registered)).toBe('ok');
    expect(await verifyThere(services, { model: registered.id, publicKey: KEY_FILE })).toMatchObject({
      verdict: 'ok',
      output: { models: [{ signer: { keyHint: HINT } }] },
    });
    writeFileSync(join(model, 'config.json'), 'x');
    await verifyThere(services, { model: registered.id, publicKey: KEY_FILE, ignorePaths: ['config.json'] });
    expect(await gateOf(registered)).toBe('violation');
  });

  test('files that are not registered yet have a result about their digest, by who may vouch for it', async () => {
    const model = signedModel();
    const digest = sha256(Buffer.concat(Object.values(FILES).map((content) => Buffer.from(sha256(content), 'hex'))));
    await verifyThere(services, { model, publicKey: KEY_FILE }, contextOf(services, personWith('operator')));
    expect(await services.registry.gates(digest)).toMatchObject([{ gate: 'verify-model', verdict: 'ok' }]);
    writeFileSync(join(model, 'config.json'), 'x');
    expect(await verifyThere(services, { model, publicKey: KEY_FILE }, contextOf(services, personWith('operator')))).toMatchObject({
      verdict: 'violation',
      output: { models: [{ recorded: false }] },
    });
    expect(await services.registry.gates(digest)).toMatchObject([{ gate: 'verify-model', verdict: 'ok' }]);
  });

  test('anybody of this host may ask whether the registered models are whole', async () => {
    await register(services, newModel(FILES));
    expect(await verifyThere(services, {}, contextOf(services, LOCAL_USER))).toMatchObject({ verdict: 'ok' });
  });
});

test('it is told in lines: every check of one model, and of several what is wrong', async () => {
  const [whole, damaged] = [newModel(FILES), newModel({ 'model.gguf': 'x' })];
  await register(services, whole);
  await register(services, damaged, { 'model.gguf': 'x' });
  writeFileSync(join(damaged, 'model.gguf'), 'y');
  const lines = (verifyModel.render?.((await verifyThere(services, {})).output) ?? []).join('\n');
  expect(lines).toMatch(/^violation +demo@/m);
  expect(lines).toMatch(/^ok +demo@/m);
  expect(lines).toMatch(/^ {2}fail +registered-files +changed: model\.gguf \(expected 1 files as registered\)$/m);
  const one = (verifyModel.render?.((await verifyThere(services, { model: whole })).output) ?? []).join('\n');
  expect(one).toMatch(/^ {2}pass +registered-digest/m);
});
