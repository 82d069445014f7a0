import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { keyHintOf } from '../../../src/artifacts/signing/key-hint.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { newId } from '../../../src/core/ids.ts';
import type { OperationContext } from '../../../src/operations/context.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { signModel } from '../../../src/operations/security/sign-model.ts';
import { mint } from '../../artifacts/signing/minted-certificate.ts';
import { FILES, newKey, newModel, sha256 } from '../../artifacts/signing/signed-models.ts';
import { contextOf, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { locally, newServices } from './verification-bench.ts';

let services: MemoryServices;
let folder: string;
beforeEach(() => {
  services = newServices();
  folder = temporaryFolder('signing');
});

interface Signed {
  readonly signature: string;
  readonly changed: boolean;
  readonly digest: string;
  readonly keyHint: string;
  readonly subject: string | null;
  readonly publicKeyFile: string | null;
}

async function signed(input: object): Promise<Signed> {
  const report = await locally(services, 'sign-model', input);
  expect(report.exit).toBe(0);
  expect(signModel.output.parse(report.output)).toEqual(report.output);
  return report.output as Signed;
}

async function perform(input: object, context: OperationContext = contextOf(services)): Promise<Signed> {
  const given = parseFields(signModel.input, input) as never;
  await signModel.plan(context, given);
  return (await signModel.perform(context, given)).output;
}

/** A file with a private key, 0600. */
function keyFile(namedCurve = 'P-256', passphrase?: string): string {
  const path = join(folder, `${namedCurve}${passphrase === undefined ? '' : '-closed'}.pem`);
  const { privateKey } = newKey(namedCurve);
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem', ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }) }), {
    mode: 0o600,
  });
  return path;
}

describe('refused, and nothing is written', () => {
  test.each<[string, () => object, ErrorCode, string]>([
    ['a size of shards without shards', () => ({ shardSize: 8 }), 'USAGE', 'shardSize'],
    ['shards of no bytes', () => ({ serialization: 'shards', shardSize: 0 }), 'FIELD_INVALID', 'shardSize'],
    ['a passphrase for no key', () => ({ passphrase: 'x' }), 'USAGE', 'passphrase'],
    ['certificates without their key', () => ({ certificate: 'x' }), 'USAGE', 'privateKey'],
    ['issuers without a certificate', () => ({ privateKey: keyFile(), certificateChain: ['x'] }), 'USAGE', 'certificateChain'],
    ['a key that is not there', () => ({ privateKey: '/nonexistent.pem' }), 'NOT_FOUND', 'privateKey'],
    ['a key that opens with a passphrase', () => ({ privateKey: keyFile('P-256', 'secret') }), 'FIELD_INVALID', 'passphrase'],
    ['a wrong passphrase', () => ({ privateKey: keyFile('P-256', 'secret'), passphrase: 'wrong' }), 'FIELD_INVALID', 'passphrase'],
    ['a key on another curve', () => ({ privateKey: keyFile('secp256k1') }), 'FIELD_INVALID', 'privateKey'],
    ['a folder for the output that is not there', () => ({ output: join(folder, 'nowhere', 'x.sig') }), 'NOT_FOUND', 'output'],
    ['a registered model without a control plane', () => ({ model: 'demo@1' }), 'CONTROL_UNREACHABLE', 'model'],
    ['a model that is not there', () => ({ model: '/nonexistent/model' }), 'NOT_FOUND', 'model'],
  ])('%s', async (_what, input, code, field) => {
    const model = newModel(FILES);
    const error = await locally(services, 'sign-model', { model, ...input() }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, field });
    expect((error as Error).message).not.toMatch(/secret|wrong/);
    expect(existsSync(join(model, 'model.sig'))).toBe(false);
  });

  test('a key that is no ECDSA key, a file that is none, one that others may read', async () => {
    const model = newModel(FILES);
    const path = join(folder, 'key.pem');
    writeFileSync(path, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await expect(locally(services, 'sign-model', { model, privateKey: path })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'privateKey' });
    writeFileSync(path, 'no key');
    await expect(locally(services, 'sign-model', { model, privateKey: path })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'privateKey' });
    const open = keyFile();
    chmodSync(open, 0o644);
    await expect(locally(services, 'sign-model', { model, privateKey: open })).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE' });
  });

  test.each<[string, (model: string) => void, object]>([
    ['a link', (model) => symlinkSync('config.json', join(model, 'link')), {}],
    ['a link to a folder, also where links are followed', (model) => symlinkSync('sub', join(model, 'link')), { allowSymlinks: true }],
    ['code in a path that is left out', (model) => writeFileSync(join(model, 'notes.py'), ''), { ignorePaths: ['notes.py'] }],
    ['a colon in the name of a shard', (model) => writeFileSync(join(model, 'a:b'), 'x'), { serialization: 'shards' }],
  ])('%s', async (_what, change, input) => {
    const model = newModel(FILES);
    change(model);
    await expect(locally(services, 'sign-model', { model, ...input })).rejects.toMatchObject({ code: 'MODEL_NOT_SIGNABLE', field: 'model' });
    expect(existsSync(join(model, 'model.sig'))).toBe(false);
  });

  test.each<[string, (path: string) => void]>([
    ['another file', (path) => writeFileSync(path, 'weights')],
    ['other JSON', (path) => writeFileSync(path, '{"mediaType":"application/json"}')],
    ['a folder', (path) => mkdirSync(path)],
    ['a link', (path) => symlinkSync('config.json', path)],
  ])('%s where the signature would go is left as it is', async (_what, put) => {
    const model = newModel(FILES);
    const path = join(folder, 'model.sig');
    put(path);
    const before = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    await expect(locally(services, 'sign-model', { model, output: path })).rejects.toMatchObject({ code: 'CONFLICT', field: 'output' });
    expect(statSync(path, { throwIfNoEntry: false })?.mtimeMs).toBe(before);
  });
});

describe('the key of the installation', () => {
  test('is made at first use, 0600, with its public half beside it, and used again', async () => {
    const model = newModel(FILES);
    const first = await signed({ model });
    expect(statSync(join(services.home.keys, 'model-signing.pem')).mode & 0o777).toBe(0o600);
    expect(first).toMatchObject({ changed: true, signature: join(model, 'model.sig'), publicKeyFile: join(services.home.keys, 'model-signing.pub.pem') });
    const again = await signed({ model: newModel({ other: 'x' }) });
    expect(again.keyHint).toBe(first.keyHint);
    expect(await locally(services, 'verify-model', { model, publicKey: first.publicKeyFile })).toMatchObject({ exit: 0 });
  });

  test('a dry run makes no key and writes nothing', async () => {
    const model = newModel(FILES);
    const report = await locally(services, 'sign-model', { model }, true);
    expect(report).toMatchObject({
      exit: 0,
      dryRun: true,
      output: null,
      plan: { changes: [expect.stringContaining('make the key') as string, expect.stringContaining('model.sig') as string] },
    });
    expect([existsSync(join(services.home.keys, 'model-signing.pem')), existsSync(join(model, 'model.sig'))]).toEqual([false, false]);
  });

  test('is refused when others may read it', async () => {
    await signed({ model: newModel(FILES) });
    chmodSync(join(services.home.keys, 'model-signing.pem'), 0o640);
    await expect(locally(services, 'sign-model', { model: newModel(FILES) })).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE' });
  });
});

describe('what is signed verifies', () => {
  test.each(['P-256', 'P-384', 'P-521'])('with a key on %s that a passphrase opens', async (curve) => {
    const model = newModel(FILES);
    const { keyHint, publicKeyFile } = await signed({ model, privateKey: keyFile(curve, 'secret'), passphrase: 'secret' });
    expect([keyHint.length, publicKeyFile]).toEqual([64, null]);
  });

  test('a single file has its signature beside it', async () => {
    const model = join(newModel({ 'demo.gguf': 'x' }), 'demo.gguf');
    const { signature, publicKeyFile } = await signed({ model });
    expect(signature).toBe(`${model}.sig`);
    expect(await locally(services, 'verify-model', { model, publicKey: publicKeyFile })).toMatchObject({ exit: 0 });
  });

  test('in shards, with paths left out, to another place', async () => {
    const model = newModel({ ...FILES, 'notes.txt': '' });
    const output = join(folder, 'demo.sig');
    const { publicKeyFile } = await signed({ model, output, serialization: 'shards', shardSize: 3, ignorePaths: ['notes.txt'] });
    expect(await locally(services, 'verify-model', { model, signature: output, publicKey: publicKeyFile })).toMatchObject({ exit: 0 });
    writeFileSync(join(model, 'notes.txt'), 'changed');
    expect(await locally(services, 'verify-model', { model, signature: output, publicKey: publicKeyFile })).toMatchObject({ exit: 0 });
  });

  test('with links that are followed, which verifiers find fault with', async () => {
    const model = newModel(FILES);
    symlinkSync('config.json', join(model, 'link'));
    const { publicKeyFile } = await signed({ model, allowSymlinks: true });
    expect(await locally(services, 'verify-model', { model, publicKey: publicKeyFile })).toMatchObject({ exit: 3 });
  });

  test('with certificates, against their root and no other', async () => {
    const [rootKey, leafKey] = [newKey(), newKey('P-384')];
    const rootWith = (key: typeof rootKey) =>
      mint({ subject: 'root', issuer: 'root', publicKey: key.publicKey, issuerKey: key.privateKey, ca: true, keyUsage: 0x04, toDay: 3650 });
    const [root, other] = [rootWith(rootKey), rootWith(newKey())];
    const leaf = mint({
      subject: 'signer',
      issuer: 'root',
      publicKey: leafKey.publicKey,
      issuerKey: rootKey.privateKey,
      fromDay: 10,
      toDay: 3650,
      keyUsage: 0x80,
    });
    const [keyPath, leafPath, rootPath, otherPath] = ['leaf.pem', 'leaf.crt', 'root.crt', 'other.crt'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    writeFileSync(keyPath, leafKey.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(leafPath, leaf.toString());
    writeFileSync(rootPath, root.toString());
    writeFileSync(otherPath, other.toString());
    const model = newModel(FILES);
    expect(await signed({ model, privateKey: keyPath, certificate: leafPath, certificateChain: [rootPath] })).toMatchObject({
      subject: expect.stringContaining('signer') as string,
    });
    expect(await locally(services, 'verify-model', { model, certificateChain: [rootPath] })).toMatchObject({ exit: 0 });
    expect(await locally(services, 'verify-model', { model, certificateChain: [otherPath] })).toMatchObject({ exit: 7 });
    const pin = sha256(leaf.raw);
    expect(await locally(services, 'verify-model', { model, certificateChain: [rootPath], pin: [pin] })).toMatchObject({ exit: 0 });
    expect(await locally(services, 'verify-model', { model, certificateChain: [rootPath], pin: ['0'.repeat(64)] })).toMatchObject({ exit: 7 });
    await expect(locally(services, 'sign-model', { model, privateKey: keyFile(), certificate: leafPath })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });
});

test('the same again leaves the file as it is; another key or other files replace it', async () => {
  const model = newModel(FILES);
  const { signature } = await signed({ model });
  const before = readFileSync(signature);
  expect(await signed({ model })).toMatchObject({ changed: false });
  expect(readFileSync(signature).equals(before)).toBe(true);
  expect(await signed({ model, privateKey: keyFile() })).toMatchObject({ changed: true });
  writeFileSync(join(model, 'config.json'), 'x');
  expect(await signed({ model })).toMatchObject({ changed: true });
  writeFileSync(signature, readFileSync(signature, 'utf8').replace(/"sig":"..../, '"sig":"AAAA'));
  expect(await signed({ model })).toMatchObject({ changed: true });
  // Nothing half-written is left beside it.
  expect(readdirSync(model).toSorted()).toEqual(['config.json', 'model.safetensors', 'model.sig', 'sub', 'sub-b.txt']);
});

describe('through the control plane', () => {
  test('it is written in or beside the model only', async () => {
    const model = newModel(FILES);
    for (const output of [join(folder, 'x.sig'), join(model, 'sub', 'x.sig'), join(model, 'x.json'), join(model, '..', '..', 'x.sig')])
      await expect(perform({ model, output })).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'output' });
    await expect(perform({ model, output: 'x.sig' })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'output' });
    symlinkSync(folder, join(model, 'out'));
    await expect(perform({ model, output: join(model, 'out', 'x.sig') })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    rmSync(join(model, 'out'));
    expect(await perform({ model })).toMatchObject({ signature: join(model, 'model.sig') });
    const beside = join(dirname(model), `${basename(model)}.sig`);
    expect(await perform({ model, output: beside })).toMatchObject({ signature: beside });
    rmSync(beside);
  });

  test('only who may operate can call it', () => {
    expect(signModel.permission).toBe('operate');
  });

  test('a registered model is signed while it is what was registered, and not any more when it is not', async () => {
    const model = newModel(FILES);
    const manifest = Object.entries(FILES).map(([name, content]) => ({ name, sha256: sha256(content) }));
    const digest = sha256(Buffer.concat(manifest.map((file) => Buffer.from(file.sha256, 'hex'))));
    const facts = {
      imported: false,
      files: 4,
      bytes: 1,
      signature: null,
      parents: [],
      datasets: [],
      trainingRun: null,
      licence: null,
      owner: 'tests',
      registeredBy: 'system',
    };
    await services.registry.register({ ...facts, name: 'demo', version: '1', digest, location: model, manifest }, newId('run'));
    const operator = contextOf(services, personWith('operator'));
    expect(await perform({ model: 'demo@1' }, operator)).toMatchObject({ digest, signature: join(model, 'model.sig') });
    expect(await perform({ model: 'demo@1' }, operator)).toMatchObject({ changed: false });
    writeFileSync(join(model, 'config.json'), 'x');
    await expect(perform({ model: 'demo@1' }, operator)).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
  });
});

test('the hint is that of the reference implementation: over the PEM as it is exported', async () => {
  const path = keyFile();
  const publicKey = createPublicKey(createPrivateKey(readFileSync(path)));
  expect(await signed({ model: newModel(FILES), privateKey: path })).toMatchObject({ keyHint: keyHintOf(publicKey) });
});
