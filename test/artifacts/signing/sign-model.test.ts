import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyHintOf } from '../../../src/artifacts/signing/key-hint.ts';
import { keySigner } from '../../../src/artifacts/signing/model-signer.ts';
import { signModel } from '../../../src/artifacts/signing/sign-model.ts';
import type { SignedModel, SignModelOptions } from '../../../src/artifacts/signing/sign-model.ts';
import { PAYLOAD_TYPE, signedBytes } from '../../../src/artifacts/signing/signed-bytes.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { FILES, KEY, newKey, newModel, OTHER_KEY, trusting, verified } from './signed-models.ts';

const signer = keySigner(KEY.privateKey, KEY.publicKey);

async function sign(model: string, options: Partial<SignModelOptions> = {}): Promise<Extract<SignedModel, { signed: true }>> {
  const signed = await signModel({ model, signer, ...options });
  if (!signed.signed) throw new Error(JSON.stringify(signed.problems));
  return signed;
}

function payloadOf(bundle: string): { readonly bytes: Buffer; readonly sig: Buffer; readonly json: Record<string, Record<string, unknown>> } {
  const { dsseEnvelope } = JSON.parse(bundle) as { dsseEnvelope: { payload: string; signatures: [{ sig: string }] } };
  const bytes = Buffer.from(dsseEnvelope.payload, 'base64');
  return { bytes, sig: Buffer.from(dsseEnvelope.signatures[0].sig, 'base64'), json: JSON.parse(bytes.toString()) as Record<string, Record<string, unknown>> };
}

test.each(['P-256', 'P-384', 'P-521'])('what is signed with a key on %s verifies', async (curve) => {
  const model = newModel(FILES);
  const key = newKey(curve);
  const { bundle, root, manifest } = await sign(model, { signer: keySigner(key.privateKey, key.publicKey) });
  expect(manifest.resources.map(({ name }) => name)).toEqual(['config.json', 'model.safetensors', 'sub/a.txt', 'sub-b.txt']);
  expect(await verified(model, Buffer.from(bundle), { trust: trusting(key.publicKey) })).toMatchObject({ verdict: 'pass', root, manifest });
  expect((await verified(model, Buffer.from(bundle), { trust: trusting(OTHER_KEY.publicKey) })).verdict).toBe('fail');
});

describe('serialisation', () => {
  test('in shards, with the name of the algorithm that the reference implementation writes', async () => {
    const model = newModel({ ...FILES, 'long.bin': 'x'.repeat(20), empty: '' });
    const { bundle } = await sign(model, { serialization: { method: 'shards', shardSize: 8 } });
    const { predicate } = payloadOf(bundle).json;
    expect(predicate?.['serialization']).toMatchObject({ method: 'shards', shard_size: 8 });
    const names = (predicate?.['resources'] as { name: string; algorithm: string }[]).map(({ name, algorithm }) => `${name} ${algorithm}`);
    expect(names.filter((name) => name.startsWith('long'))).toEqual(
      ['long.bin:0:8', 'long.bin:8:16', 'long.bin:16:20'].map((name) => `${name} sha256-sharded-8`),
    );
    expect((await verified(model, Buffer.from(bundle))).verdict).toBe('pass');
    writeFileSync(join(model, 'long.bin'), 'x'.repeat(21));
    expect(await verified(model, Buffer.from(bundle))).toMatchObject({ verdict: 'fail', extra: ['long.bin:16:21'], missing: ['long.bin:16:20'] });
  });

  test.each([
    ['a single file', { only: 'x' }, 'only', ['.']],
    ['an empty file', { only: '' }, 'only', ['.']],
    ['an empty folder', {}, '', []],
  ])('%s', async (_, files, below, names) => {
    const model = join(newModel(files), below);
    const { bundle, manifest } = await sign(model);
    expect(manifest.resources.map(({ name }) => name)).toEqual(names);
    expect((await verified(model, Buffer.from(bundle))).verdict).toBe('pass');
  });

  test('the paths that were left out are signed, and left out again without being named', async () => {
    const model = newModel({ ...FILES, 'notes/a.txt': 'x', '.gitignore': 'x' });
    const signaturePath = join(model, 'model.sig');
    const { bundle } = await sign(model, { ignore: ['notes'], signaturePath });
    expect(payloadOf(bundle).json['predicate']?.['serialization']).toMatchObject({
      ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig', 'notes'],
    });
    writeFileSync(signaturePath, bundle);
    expect((await verified(model, Buffer.from(bundle))).verdict).toBe('pass');
  });
});

describe('what is not signed', () => {
  async function problemsOf(model: string, options: Partial<SignModelOptions> = {}): Promise<readonly string[]> {
    const signed = await signModel({ model, signer, ...options });
    return signed.signed ? [] : signed.problems.map(({ kind, name }) => `${kind} ${name}`);
  }

  test('a link, unless links are followed, which the signature says', async () => {
    const model = newModel(FILES);
    symlinkSync('config.json', join(model, 'link.json'));
    expect(await problemsOf(model)).toEqual(['link link.json']);
    const { bundle } = await sign(model, { links: 'follow' });
    expect(payloadOf(bundle).json['predicate']?.['serialization']).toMatchObject({ allow_symlinks: true });
  });

  test('a link to a folder, a link to nothing', async () => {
    const model = newModel(FILES);
    symlinkSync('sub', join(model, 'folder'));
    symlinkSync('nothing', join(model, 'broken'));
    expect((await problemsOf(model, { links: 'follow' })).toSorted()).toEqual(['broken-link broken', 'link folder']);
  });

  test('a colon in the name of a shard', async () => {
    const model = newModel({ 'a:b': 'x' });
    expect(await problemsOf(model)).toEqual([]);
    expect(await problemsOf(model, { serialization: { method: 'shards', shardSize: 8 } })).toEqual(['name a:b:0:1']);
  });

  test('a name that verifiers refuse', async () => {
    expect(await problemsOf(newModel({ 'a\\b': 'x' }))).toEqual(['name a\\b']);
  });

  test('a model that is not there', async () => {
    expect(await problemsOf('/nonexistent/model')).toEqual(['unreadable .']);
  });

  test('a model whose ignored paths hold code', async () => {
    const model = newModel({ ...FILES, 'extra/run.py': '' });
    expect(await problemsOf(model, { ignore: ['extra'] })).toEqual(['ignored-content extra/run.py']);
    expect(await problemsOf(model, { ignore: ['extra'], allowHiddenContent: true })).toEqual([]);
  });

  test('with a key that is no ECDSA key on one of the three curves', () => {
    const key = newKey('secp256k1');
    expect(() => keySigner(key.privateKey, key.publicKey)).toThrow(expect.objectContaining({ code: 'FIELD_INVALID', field: 'privateKey' }));
  });

  test('by a signer that answers with something else', async () => {
    const liar = { ...signer, sign: () => Buffer.from('no signature') };
    await expect(signModel({ model: newModel(FILES), signer: liar })).rejects.toMatchObject({ code: 'OPERATION_FAILED' });
  });

  test('in shards of no bytes', async () => {
    await expect(signModel({ model: newModel(FILES), signer, serialization: { method: 'shards', shardSize: 0 } })).rejects.toMatchObject({
      field: 'shardSize',
    });
  });
});

describe('links at verification', () => {
  const outside = join(newModel({ 'secret.txt': 'outside' }), 'secret.txt');

  async function linked(target: string): Promise<{ model: string; bundle: Buffer }> {
    const model = newModel({ ...FILES });
    symlinkSync(target, join(model, 'link.txt'));
    return { model, bundle: Buffer.from((await sign(model, { links: 'follow' })).bundle) };
  }

  test('allowed by the signer, they block as a finding; refused by the caller, they fail', async () => {
    const { model, bundle } = await linked('config.json');
    expect(await verified(model, bundle)).toMatchObject({ verdict: 'policy' });
    expect(await verified(model, bundle, { allow: ['signed-links'] })).toMatchObject({ verdict: 'pass' });
    expect(await verified(model, bundle, { links: 'refuse' })).toMatchObject({ verdict: 'fail' });
  });

  test('leaving the model, they are a finding of their own', async () => {
    const { model, bundle } = await linked(outside);
    const result = await verified(model, bundle, { allow: ['signed-links'], links: 'follow' });
    expect(result.checks.filter(({ outcome }) => outcome === 'policy').map(({ name }) => name)).toEqual(['link-outside']);
  });

  test('not allowed by the signer, a link fails, and what it leads to is compared where the caller follows it', async () => {
    const model = newModel(FILES);
    const bundle = Buffer.from((await sign(model)).bundle);
    symlinkSync('config.json', join(model, 'link.txt'));
    expect((await verified(model, bundle)).checks.find(({ outcome }) => outcome === 'fail')?.name).toBe('model');
    expect(await verified(model, bundle, { links: 'follow' })).toMatchObject({ verdict: 'fail', extra: ['link.txt'] });
  });

  test('a link to a folder is not walked through', async () => {
    const model = newModel(FILES);
    const bundle = Buffer.from((await sign(model)).bundle);
    mkdirSync(join(model, 'loop'));
    symlinkSync('..', join(model, 'loop', 'up'));
    const result = await verified(model, bundle, { links: 'follow' });
    expect(result.checks.filter(({ outcome }) => outcome === 'policy').map(({ name }) => name)).toEqual(['directory-link']);
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl).each(['P-256', 'P-384', 'P-521'])('openssl alone verifies a signature on %s (skipped without openssl)', async (curve) => {
  const key = newKey(curve);
  const { bundle } = await sign(newModel(FILES), { signer: keySigner(key.privateKey, key.publicKey) });
  const { bytes, sig } = payloadOf(bundle);
  const folder = temporaryFolder('openssl');
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('key.pem'), key.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(at('sig.der'), sig);
  // The pre-authentication encoding written out by hand, so that nothing of ours takes part.
  writeFileSync(at('signed'), Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${String(bytes.length)} `), bytes]));
  expect(signedBytes(PAYLOAD_TYPE, bytes).length).toBe(`DSSEv1 28 ${PAYLOAD_TYPE} ${String(bytes.length)} `.length + bytes.length);
  const hash = { 'P-256': '-sha256', 'P-384': '-sha384', 'P-521': '-sha512' }[curve] ?? '';
  const said = execFileSync('openssl', ['dgst', hash, '-verify', at('key.pem'), '-signature', at('sig.der'), at('signed')], { encoding: 'utf8' });
  expect(said.trim()).toBe('Verified OK');
  const { verificationMaterial } = JSON.parse(bundle) as { verificationMaterial: { publicKey: { hint: string } } };
  const hint = execFileSync('openssl', ['dgst', '-sha256', '-r', at('key.pem')], { encoding: 'utf8' }).slice(0, 64);
  expect([verificationMaterial.publicKey.hint, keyHintOf(key.publicKey)]).toEqual([hint, hint]);
});
