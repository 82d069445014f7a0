import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SigningFinding } from '../../../src/artifacts/signing/findings.ts';
import { keyHintOf } from '../../../src/artifacts/signing/key-hint.ts';
import { PAYLOAD_TYPE, signedBytes, signedBytesBefore10 } from '../../../src/artifacts/signing/signed-bytes.ts';
import { bundleOf, FILES, findingsOf, KEY, newKey, newModel, OTHER_KEY, reasonOf, sha256, statementFor, trusting, verified } from './signed-models.ts';
import type { BundleWish, StatementWish } from './signed-models.ts';

const model = newModel(FILES);
const right = statementFor(FILES);

async function reasonFor(statement: unknown, wish: BundleWish = {}): Promise<string> {
  return reasonOf(await verified(model, bundleOf(statement, wish)));
}

test('a model that was signed like this passes, and every check says so', async () => {
  const result = await verified(model, bundleOf(right));
  expect(result).toMatchObject({ verdict: 'pass', mode: 'v1.0', extra: [], missing: [], changed: [] });
  expect(result.checks.map(({ outcome }) => outcome)).toEqual(result.checks.map(() => 'pass'));
  expect(result.signer).toMatchObject({ method: 'key', keyHint: keyHintOf(KEY.publicKey), curve: 'P-256' });
});

describe('bundles that are refused', () => {
  test.each<[string, string, BundleWish]>([
    ['another media type', 'media-type', { members: { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' } }],
    ['no material', 'method', { material: {} }],
    ['a chain where a key is trusted', 'method', { material: { x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } } }],
    ['a key and a certificate', 'method', { material: { publicKey: { hint: '' }, certificate: { rawBytes: 'AAAA' } } }],
    ['a hint that is no text', 'method', { material: { publicKey: { hint: 5 } } }],
    ['no signature', 'envelope', { envelope: { signatures: [] } }],
    ['a signature that is no base64', 'envelope', { envelope: { signatures: [{ sig: 'not base64!' }] } }],
    ['a payload that is no base64', 'envelope', { envelope: { payload: '***' } }],
    ['the right key with a wrong hint', 'trust', { material: { publicKey: { hint: keyHintOf(OTHER_KEY.publicKey) } } }],
    ['the hint of the right key, signed with another', 'signature', { key: OTHER_KEY, material: { publicKey: { hint: keyHintOf(KEY.publicKey) } } }],
    ['no hint, signed with another key', 'signature', { key: OTHER_KEY, material: { publicKey: {} } }],
    ['a hash that does not go with the curve', 'signature', { hash: 'sha384' }],
    ['the payload alone signed', 'signature', { signed: (payload) => payload }],
    ['the form before 1.0 without leave', 'signature', { signed: signedBytesBefore10 }],
    ['another type of payload, not signed', 'signature', { envelope: { payloadType: 'text/plain' } }],
    ['another type of payload, signed', 'payload-type', { envelope: { payloadType: 'text/plain' }, signed: (payload) => signedBytes('text/plain', payload) }],
  ])('%s', async (_, reason, wish) => {
    expect(await reasonFor(right, wish)).toBe(reason);
  });

  test.each([
    ['no JSON', Buffer.from('{')],
    ['a list', Buffer.from('[]')],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['nothing', Buffer.alloc(0)],
    ['deeply nested', Buffer.from('['.repeat(200_000))],
  ])('%s', async (_, bytes) => {
    expect(reasonOf(await verified(model, bytes))).toBe('bundle');
  });

  test('only the first of several signatures counts', async () => {
    const bundle = JSON.parse(bundleOf(right).toString()) as { dsseEnvelope: { signatures: unknown[] } };
    bundle.dsseEnvelope.signatures.unshift({ sig: Buffer.from('another').toString('base64') });
    expect(reasonOf(await verified(model, Buffer.from(JSON.stringify(bundle))))).toBe('signature');
  });
});

test.each([
  ['P-256', 'sha256'],
  ['P-384', 'sha384'],
  ['P-521', 'sha512'],
])('a key on %s signs with %s and with nothing else', async (curve, hash) => {
  const key = newKey(curve);
  const trust = trusting(key.publicKey);
  expect((await verified(model, bundleOf(right, { key, hash }), { trust })).verdict).toBe('pass');
  const other = hash === 'sha256' ? 'sha512' : 'sha256';
  expect(reasonOf(await verified(model, bundleOf(right, { key, hash: other }), { trust }))).toBe('signature');
});

test('a key on another curve is refused before it is tried', async () => {
  const key = newKey('secp256k1');
  expect(reasonOf(await verified(model, bundleOf(right, { key }), { trust: trusting(key.publicKey) }))).toBe('key');
});

describe('statements that are refused', () => {
  const [first, ...others] = Object.entries(FILES).map(([name, content]) => ({ name, algorithm: 'sha256', digest: sha256(content) }));
  const resource = (change: object): StatementWish => ({ resources: [{ ...first, ...change }, ...others] });
  test.each<[string, string, StatementWish]>([
    ['another type', 'statement-type', { members: { _type: 'https://in-toto.io/Statement/v0.1' } }],
    ['another predicate', 'predicate-type', { members: { predicateType: 'https://slsa.dev/provenance/v1' } }],
    ['the predicate before 1.0 without leave', 'pre-1.0', { members: { predicateType: 'https://model_signing/Digests/v0.1' } }],
    ['no subject', 'subject', { members: { subject: [] } }],
    ['two subjects', 'subject', { members: { subject: [{ digest: { sha256: sha256('') } }, { digest: { sha256: sha256('') } }] } }],
    ['a subject without SHA-256', 'subject', { members: { subject: [{ name: 'model', digest: { md5: 'x' } }] } }],
    ['no predicate', 'serialization', { members: { predicate: null } }],
    ['another method', 'serialization', { serialization: { method: 'tensors' } }],
    ['another hash', 'serialization', { serialization: { hash_type: 'md5' } }],
    ['a hash named like a member of every object', 'serialization', { serialization: { hash_type: 'toString' } }],
    ['no size of shards', 'serialization', { serialization: { method: 'shards', shard_size: 0 } }],
    ['a size of shards with a fraction', 'serialization', { serialization: { method: 'shards', shard_size: 1.5 } }],
    ['links allowed by a text', 'serialization', { serialization: { allow_symlinks: 'false' } }],
    ['ignored paths that are no list', 'serialization', { serialization: { ignore_paths: '.git' } }],
    ['resources that are no list', 'resources', { members: { predicate: { serialization: { method: 'files', hash_type: 'sha256' }, resources: {} } } }],
    ['a digest that is not hex', 'resources', resource({ digest: 'z'.repeat(64) })],
    ['a digest in capitals', 'resources', resource({ digest: sha256('{}').toUpperCase() })],
    ['a digest that is too short', 'resources', resource({ digest: 'ab' })],
    ['another algorithm', 'resources', resource({ algorithm: 'sha512' })],
    ['the algorithm of shards for a file', 'resources', resource({ algorithm: 'sha256-sharded-8' })],
    ['a resource without a name', 'resources', resource({ name: 7 })],
    ['one name with two digests', 'resources', { resources: [first, { ...first, digest: sha256('x') }, ...others] }],
    ['another ROOT', 'root', { root: sha256('another') }],
    ['a shard without its ends', 'resources', { serialization: { method: 'shards', shard_size: 8 } }],
  ])('%s', async (_, reason, wish) => {
    expect(await reasonFor(statementFor(FILES, wish))).toBe(reason);
  });

  test.each(['../outside', '/etc/passwd', 'a/../b', './a', 'a//b', 'a/', 'a\\b', 'a\0b', '.', '', 'C:\\a'])('a resource named %j', async (name) => {
    expect(await reasonFor(statementFor(FILES, resource({ name })))).toBe('resource-name');
    // Where it is allowed, it is still only a name that no file has.
    const allowed = await verified(model, bundleOf(statementFor(FILES, resource({ name }))), { allow: ['resource-name'] });
    expect(allowed).toMatchObject({ verdict: 'fail', missing: [name], extra: ['config.json'] });
  });

  test('nothing of the model is read before the signature holds', async () => {
    const result = await verified('/nonexistent', bundleOf(right, { key: OTHER_KEY, material: { publicKey: { hint: keyHintOf(KEY.publicKey) } } }));
    expect(result).toMatchObject({ verdict: 'fail', bytes: 0, root: null, manifest: null });
    expect(result.checks.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name)).toContain('files');
  });
});

test('members that nobody knows are passed over', async () => {
  expect(await reasonFor({ ...right, more: 1, predicate: { ...(right['predicate'] as object), more: [] } })).toBe('pass');
});

describe('files', () => {
  test('extra, missing and changed ones are all named', async () => {
    const changed = newModel({ ...FILES, 'config.json': '{ }', 'new.bin': '' });
    rmSync(join(changed, 'sub/a.txt'));
    const result = await verified(changed, bundleOf(right));
    expect(result).toMatchObject({ verdict: 'fail', extra: ['new.bin'], missing: ['sub/a.txt'], changed: ['config.json'] });
    expect(reasonOf(result)).toBe('files');
  });

  test('files that are not listed can be passed over, which is said', async () => {
    const more = newModel({ ...FILES, 'new.bin': '' });
    const result = await verified(more, bundleOf(right), { ignoreUnsigned: true });
    expect(result).toMatchObject({ verdict: 'pass', extra: [] });
    expect(result.checks.find(({ name }) => name === 'unsigned-files')?.outcome).toBe('note');
    writeFileSync(join(more, 'config.json'), 'changed');
    expect((await verified(more, bundleOf(right), { ignoreUnsigned: true })).changed).toEqual(['config.json']);
  });

  test('the signature, given paths and those of git are left out, nothing else', async () => {
    const full = newModel({ ...FILES, 'model.sig': 'x', '.git/config': 'x', '.gitignore': 'x', 'sub/.gitignore': 'x', 'notes/a.txt': 'x' });
    const bundle = bundleOf(right);
    expect(await verified(full, bundle, { signaturePath: join(full, 'model.sig'), ignore: ['notes'] })).toMatchObject({ extra: ['sub/.gitignore'] });
    const strict = await verified(full, bundle, { useDefaultIgnores: false });
    expect(strict.extra).toEqual(['.git/config', '.gitignore', 'model.sig', 'notes/a.txt', 'sub/.gitignore']);
  });

  test('signed ignored paths are left out', async () => {
    const full = newModel({ ...FILES, 'notes/a.txt': 'x' });
    const bundle = bundleOf(statementFor(FILES, { serialization: { ignore_paths: ['notes', '../elsewhere'] } }));
    expect(await verified(full, bundle)).toMatchObject({ verdict: 'pass', ignored: ['notes'] });
  });

  test('a model that is not there fails', async () => {
    expect(reasonOf(await verified('/nonexistent/model', bundleOf(right)))).toBe('model');
  });

  test('the order of the list does not matter to the files, only to ROOT', async () => {
    const byText = Object.fromEntries(Object.entries(FILES).sort(([a], [b]) => (a < b ? -1 : 1)));
    const byParts = Object.fromEntries(
      Object.entries(byText).sort(([a], [b]) => (a.startsWith('sub/') && b === 'sub-b.txt' ? -1 : b.startsWith('sub/') && a === 'sub-b.txt' ? 1 : 0)),
    );
    const [one, two] = await Promise.all([byText, byParts].map((files) => verified(model, bundleOf(statementFor(files)))));
    expect([one?.verdict, two?.verdict]).toEqual(['pass', 'pass']);
    expect(one?.root).not.toBe(two?.root);
  });
});

describe('findings', () => {
  const blake = (content: string): string => createHash('blake2b512').update(content).digest('hex');
  const first = { name: 'config.json', algorithm: 'sha256', digest: sha256('{}') };
  const rest = Object.entries(FILES)
    .slice(1)
    .map(([name, content]) => ({ name, algorithm: 'sha256', digest: sha256(content) }));
  const blakes = Object.entries(FILES).map(([name, content]) => ({ name, algorithm: 'blake2b', digest: blake(content) }));
  test.each<[SigningFinding, string, StatementWish, BundleWish]>([
    ['duplicate-resource', 'the same resource twice', { resources: [first, first, ...rest] }, {}],
    ['signed-links', 'links allowed by the signer', { serialization: { allow_symlinks: true } }, {}],
    ['key-hint-missing', 'an empty hint', {}, { material: { publicKey: { hint: '' } } }],
    ['key-hint-missing', 'no hint', {}, { material: { publicKey: {} } }],
    ['hash-type', 'digests by BLAKE2b', { resources: blakes, serialization: { hash_type: 'blake2b' } }, {}],
    ['ignored-content', 'code left out by its name', { serialization: { ignore_paths: ['*.py'] } }, {}],
  ])('%s: %s blocks, unless it is allowed', async (finding, _, wish, bundleWish) => {
    const bundle = bundleOf(statementFor(FILES, wish), bundleWish);
    const result = await verified(model, bundle);
    expect([result.verdict, findingsOf(result)]).toEqual(['policy', [finding]]);
    expect((await verified(model, bundle, { allow: [finding] })).verdict).toBe('pass');
  });

  test('a signature over nothing is found out', async () => {
    const bundle = bundleOf(statementFor({}, { serialization: { ignore_paths: ['.'] } }));
    expect(findingsOf(await verified(model, bundle))).toEqual(['ignored-content']);
  });

  test.each([
    ['an innocent name', 'extra/readme.txt', '\x7fELF'],
    ['a name of weights', 'extra/adapter.safetensors', ''],
    ['a script without an ending', 'extra/run', '#!/bin/sh\n'],
  ])('code or weights below a folder that the signer left out: %s', async (_, name, content) => {
    const bundle = bundleOf(statementFor(FILES, { serialization: { ignore_paths: ['extra'] } }));
    const result = await verified(newModel({ ...FILES, [name]: content }), bundle);
    expect(result.checks.find(({ outcome }) => outcome === 'policy')).toMatchObject({
      name: 'ignored-content',
      found: expect.stringContaining(name) as string,
    });
  });

  test('one key for two stages', async () => {
    const otherRoles = [{ role: 'staging', keyHint: keyHintOf(KEY.publicKey) }];
    expect(findingsOf(await verified(model, bundleOf(right), { otherRoles }))).toEqual(['key-role']);
  });

  test('what git would hold is noted, and blocks where that is demanded', async () => {
    const withGit = newModel({ ...FILES, '.github/w.yml': 'x' });
    mkdirSync(join(withGit, '.git'));
    expect((await verified(withGit, bundleOf(right))).verdict).toBe('pass');
    expect(findingsOf(await verified(withGit, bundleOf(right), { demand: ['default-ignores'] }))).toEqual(['default-ignores']);
  });

  test('the key itself in place of its hint, as before 1.1, is noted and not believed', async () => {
    const rawBytes = Buffer.from(KEY.publicKey.export({ type: 'spki', format: 'pem' })).toString('base64');
    const material = { publicKey: { rawBytes, keyDetails: 'PKIX_ECDSA_P256_SHA_256' } };
    expect((await verified(model, bundleOf(right, { material }))).verdict).toBe('pass');
    expect(reasonOf(await verified(model, bundleOf(right, { material, key: OTHER_KEY })))).toBe('signature');
  });

  test('the forms before 1.0 are read only with leave, and the mode says so', async () => {
    const subject = Object.entries(FILES).map(([name, content]) => ({
      name,
      digest: { sha256: sha256(content) },
      annotations: { actual_hash_algorithm: 'file-sha256' },
    }));
    const members = { subject, predicateType: 'https://model_signing/Digests/v0.1', predicate: { unused: '' } };
    const bundle = bundleOf(statementFor(FILES, { members }), { signed: signedBytesBefore10 });
    expect(await verified(model, bundle, { allow: ['pre-1.0'] })).toMatchObject({ verdict: 'pass', mode: 'pre-1.0' });
    expect(reasonOf(await verified(newModel({ ...FILES, 'config.json': 'x' }), bundle, { allow: ['pre-1.0'] }))).toBe('files');
    const other = subject.map((item) => ({ ...item, annotations: { actual_hash_algorithm: 'file-md5' } }));
    expect(reasonOf(await verified(model, bundleOf(statementFor(FILES, { members: { ...members, subject: other } })), { allow: ['pre-1.0'] }))).toBe(
      'resources',
    );
  });
});

test('no change of one bit in the payload or the signature is accepted', async () => {
  const bundle = JSON.parse(bundleOf(right).toString()) as { dsseEnvelope: { payload: string; signatures: { sig: string }[] } };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
  const sig = Buffer.from(bundle.dsseEnvelope.signatures[0]?.sig ?? '', 'base64');
  const flip = (bytes: Buffer, bit: number): string => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString('base64');
  };
  await fc.assert(
    fc.asyncProperty(fc.nat(payload.length * 8 - 1), fc.nat(sig.length * 8 - 1), fc.boolean(), async (inPayload, inSig, ofPayload) => {
      const envelope = ofPayload ? { payload: flip(payload, inPayload) } : { signatures: [{ sig: flip(sig, inSig) }] };
      expect((await verified(model, Buffer.from(JSON.stringify({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, ...envelope } })))).verdict).toBe('fail');
    }),
    { numRuns: 200, seed: 4 },
  );
});

test('signed bytes of DSSE count bytes, not characters', () => {
  expect(signedBytes(PAYLOAD_TYPE, Buffer.from('ü')).toString()).toBe('DSSEv1 28 application/vnd.in-toto+json 2 ü');
  expect(signedBytesBefore10(Buffer.from('a\n\'"\\\x00ü')).toString()).toBe(String.raw`DSSEV1 28 application/vnd.in-toto+json 8 b'a\n\'"\\\x00\xc3\xbc'`);
  expect(signedBytesBefore10(Buffer.from("it's")).toString()).toBe('DSSEV1 28 application/vnd.in-toto+json 4 b"it\'s"');
});
