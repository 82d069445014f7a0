import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { bundleOf, FILES, newModel, statementFor } from '../../artifacts/signing/signed-models.ts';
import { contextOf, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { BUNDLE, HINT, KEY_FILE, KEYS, locally, newServices, OTHER_KEY_FILE, signedModel, TEXT_FILE, verifyThere } from './verification-bench.ts';

let services: MemoryServices;
beforeEach(() => {
  services = newServices();
});

describe('usage that is refused', () => {
  test.each<[string, object, ErrorCode, string]>([
    ['nobody to trust', {}, 'USAGE', 'publicKey'],
    ['two to trust', { publicKey: 'x', identity: 'a', identityProvider: 'b' }, 'USAGE', 'identity'],
    ['an identity without who vouches for it', { identity: 'a' }, 'USAGE', 'identityProvider'],
    ['a provider without an identity', { publicKey: 'x', identityProvider: 'b' }, 'USAGE', 'identityProvider'],
    ['a trusted root without an identity', { publicKey: 'x', trustedRoot: 'b' }, 'USAGE', 'trustedRoot'],
    ['a pin without a root', { publicKey: 'x', pin: ['0'.repeat(64)] }, 'USAGE', 'pin'],
    ['a pin that is no digest', { certificateChain: ['x'], pin: ['abc'] }, 'FIELD_INVALID', 'pin.0'],
    ['a key that is not there', { publicKey: '/nonexistent.pem' }, 'NOT_FOUND', 'publicKey'],
    ['a finding that does not exist', { publicKey: 'x', allow: ['everything'] }, 'FIELD_INVALID', 'allow.0'],
    ['an unknown option', { trust: 'x' }, 'FIELD_INVALID', 'trust'],
  ])('%s', async (_what, input, code, field) => {
    await expect(locally(services, 'verify-model', { model: signedModel(), ...input })).rejects.toMatchObject({
      code,
      field: expect.stringContaining(field.split('.')[0] ?? '') as string,
    });
  });

  test('files that hold no key, no certificate, no trusted root, or are no files', async () => {
    const model = signedModel();
    await expect(locally(services, 'verify-model', { model, publicKey: TEXT_FILE })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'publicKey' });
    await expect(locally(services, 'verify-model', { model, publicKey: KEYS })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'publicKey' });
    await expect(locally(services, 'verify-model', { model, certificateChain: [KEY_FILE] })).rejects.toMatchObject({
      code: 'FIELD_INVALID',
      field: 'certificateChain',
    });
    await expect(locally(services, 'verify-model', { model, identity: 'a', identityProvider: 'b', trustedRoot: TEXT_FILE })).rejects.toMatchObject({
      field: 'trustedRoot',
    });
  });

  test('a model or a signature that is not there, each named with where it was looked for', async () => {
    await expect(locally(services, 'verify-model', { model: '/nonexistent/model', publicKey: KEY_FILE })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'model',
    });
    const model = newModel(FILES);
    await expect(locally(services, 'verify-model', { model, publicKey: KEY_FILE })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'signature',
      message: expect.stringContaining(join(model, 'model.sig')) as string,
    });
    await expect(locally(services, 'verify-model', { model, publicKey: KEY_FILE, signature: '/nonexistent.sig' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'signature',
    });
  });

  test('without a control plane nobody knows what is registered', async () => {
    for (const input of [{}, { model: 'demo@1' }, { model: '0'.repeat(64) }])
      await expect(locally(services, 'verify-model', input)).rejects.toMatchObject({ code: 'CONTROL_UNREACHABLE' });
  });

  test('a trust for all registered models: it would judge signatures of others', async () => {
    await expect(verifyThere(services, { publicKey: KEY_FILE })).rejects.toMatchObject({ code: 'USAGE', field: 'model' });
  });

  test('the control plane reads no file for somebody who may not operate', async () => {
    const viewer = contextOf(services, personWith('viewer'));
    await expect(verifyThere(services, { model: signedModel(), publicKey: KEY_FILE }, viewer)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    const inside = join(services.home.models, 'demo');
    mkdirSync(services.home.models, { recursive: true });
    cpSync(signedModel(), inside, { recursive: true });
    await expect(verifyThere(services, { model: 'demo', publicKey: KEY_FILE }, viewer)).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'publicKey' });
    copyFileSync(KEY_FILE, join(services.home.models, 'key.pem'));
    expect(await verifyThere(services, { model: 'demo', publicKey: 'key.pem' }, viewer)).toMatchObject({ verdict: 'ok' });
  });
});

describe('files and their signature', () => {
  test('a signature that holds exits 0 and says who signed', async () => {
    const report = await locally(services, 'verify-model', { model: signedModel(), publicKey: KEY_FILE });
    expect(report).toMatchObject({
      exit: 0,
      verdict: 'ok',
      recorded: 'local',
      output: { ok: 1, models: [{ signer: { keyHint: HINT }, differences: 0, recorded: false }] },
    });
    expect(report.summary).toContain(`signed by key ${HINT.slice(0, 16)}`);
  });

  test.each<[string, (model: string) => void, object]>([
    ['a changed file', (model) => writeFileSync(join(model, 'sub/a.txt'), 'b'), { changed: ['sub/a.txt'] }],
    ['a missing file', (model) => rmSync(join(model, 'config.json')), { missing: ['config.json'] }],
    ['one more file', (model) => writeFileSync(join(model, 'extra.py'), ''), { extra: ['extra.py'] }],
  ])('%s exits 7 and is named', async (_what, change, lists) => {
    const model = signedModel();
    change(model);
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE })).toMatchObject({
      exit: 7,
      verdict: 'violation',
      output: { violation: 1, models: [{ ...lists, differences: 1 }] },
    });
  });

  test('another key exits 7, and no file is read', async () => {
    expect(await locally(services, 'verify-model', { model: signedModel(), publicKey: OTHER_KEY_FILE })).toMatchObject({
      exit: 7,
      output: { models: [{ bytes: 0, signer: null }] },
    });
  });

  test('a finding exits 3, which the caller can accept; a note blocks where it is demanded', async () => {
    const model = signedModel(bundleOf(statementFor(FILES), { material: { publicKey: { hint: '' }, tlogEntries: [] } }));
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE })).toMatchObject({ exit: 3, verdict: 'finding' });
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, allow: ['key-hint-missing'] })).toMatchObject({ exit: 0 });
    writeFileSync(join(model, '.gitignore'), '');
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, allow: ['key-hint-missing'], demand: ['default-ignores'] })).toMatchObject({
      exit: 3,
    });
  });

  test('paths are left out, files that are not listed passed over, links followed, where the caller says so', async () => {
    const model = signedModel();
    writeFileSync(join(model, 'notes.txt'), '');
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, ignorePaths: ['notes.txt'] })).toMatchObject({ exit: 0 });
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, ignoreUnsignedFiles: true })).toMatchObject({ exit: 0 });
    renameSync(join(model, 'config.json'), join(model, 'notes.txt'));
    symlinkSync('notes.txt', join(model, 'config.json'));
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, ignorePaths: ['notes.txt'] })).toMatchObject({ exit: 7 });
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE, ignorePaths: ['notes.txt'], allowSymlinks: true })).toMatchObject({ exit: 0 });
  });

  test.each([
    ['beside the folder', (model: string) => `${model}.sig`],
    ['in the folder above', (model: string) => join(model, '..', 'model.sig')],
  ])('the signature may lie %s', async (_where, placeOf) => {
    const model = join(temporaryFolder('nested'), 'demo');
    cpSync(newModel(FILES), model, { recursive: true });
    writeFileSync(placeOf(model), BUNDLE);
    expect(await locally(services, 'verify-model', { model, publicKey: KEY_FILE })).toMatchObject({ exit: 0 });
  });

  test('keyless needs no trusted root of the caller, and refuses what is signed with a key', async () => {
    const report = await locally(services, 'verify-model', {
      model: signedModel(),
      identity: 'a@example.org',
      identityProvider: 'https://accounts.example.org',
    });
    expect(report).toMatchObject({ exit: 7, summary: expect.stringContaining('method: key') as string });
  });
});
