import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject, KeyPairKeyObjectResult } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLE_TYPE } from '../../../src/artifacts/signing/bundle.ts';
import { keyHintOf } from '../../../src/artifacts/signing/key-hint.ts';
import { PAYLOAD_TYPE, signedBytes } from '../../../src/artifacts/signing/signed-bytes.ts';
import { PREDICATE_TYPE, STATEMENT_TYPE } from '../../../src/artifacts/signing/statement.ts';
import { verifyModel } from '../../../src/artifacts/signing/verify-model.ts';
import type { ModelVerification, VerifyModelOptions } from '../../../src/artifacts/signing/verify-model.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

export function newKey(namedCurve = 'P-256'): KeyPairKeyObjectResult {
  return generateKeyPairSync('ec', { namedCurve });
}

/** The key that everything of a test is signed with unless it says otherwise. */
export const KEY = newKey();
export const OTHER_KEY = newKey();

/** A new folder with these files; the names may lead through folders. */
export function newModel(files: Readonly<Record<string, string>>): string {
  const model = temporaryFolder('signed');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(model, name)), { recursive: true });
    writeFileSync(join(model, name), content);
  }
  return model;
}

export const FILES: Readonly<Record<string, string>> = { 'config.json': '{}', 'model.safetensors': 'weights', 'sub/a.txt': 'a', 'sub-b.txt': 'b' };

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A statement that is right about files, with parts of it replaced. */
export interface StatementWish {
  readonly resources?: readonly unknown[];
  readonly serialization?: Readonly<Record<string, unknown>>;
  readonly root?: string;
  readonly members?: Readonly<Record<string, unknown>>;
}

export function statementFor(files: Readonly<Record<string, string>>, wish: StatementWish = {}): Readonly<Record<string, unknown>> {
  const resources = wish.resources ?? Object.entries(files).map(([name, content]) => ({ name, algorithm: 'sha256', digest: sha256(content) }));
  const digests = resources.map((resource) => Buffer.from(String((resource as { digest?: unknown }).digest), 'hex'));
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'model', digest: { sha256: wish.root ?? sha256(Buffer.concat(digests)) } }],
    predicateType: PREDICATE_TYPE,
    predicate: { serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ...wish.serialization }, resources },
    ...wish.members,
  };
}

export interface BundleWish {
  readonly key?: KeyPairKeyObjectResult;
  readonly hash?: string;
  readonly material?: Readonly<Record<string, unknown>>;
  /** What is signed in place of the right bytes. */
  readonly signed?: (payload: Buffer) => Buffer;
  readonly envelope?: Readonly<Record<string, unknown>>;
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Signs whatever it is given; nothing is checked. */
export function bundleOf(statement: unknown, wish: BundleWish = {}): Buffer {
  const { key = KEY, hash = 'sha256', signed = (bytes: Buffer) => signedBytes(PAYLOAD_TYPE, bytes) } = wish;
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = sign(hash, signed(payload), key.privateKey).toString('base64');
  const dsseEnvelope = { payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures: [{ sig, keyid: '' }], ...wish.envelope };
  const verificationMaterial = wish.material ?? { publicKey: { hint: keyHintOf(key.publicKey) }, tlogEntries: [] };
  return Buffer.from(JSON.stringify({ mediaType: BUNDLE_TYPE, verificationMaterial, dsseEnvelope, ...wish.members }));
}

export function trusting(publicKey: KeyObject = KEY.publicKey): VerifyModelOptions['trust'] {
  return { method: 'key', publicKey };
}

/** Verifies with the usual key. */
export function verified(model: string, bundle: Buffer, options: Partial<VerifyModelOptions> = {}): Promise<ModelVerification> {
  return verifyModel({ model, bundle, trust: trusting(), ...options });
}

/** The name of the check that failed; `pass` or `policy` where none did. */
export function reasonOf({ verdict, checks }: ModelVerification): string {
  return checks.find(({ outcome }) => outcome === 'fail')?.name ?? verdict;
}

/** Findings that block, by name. */
export function findingsOf({ checks }: ModelVerification): readonly string[] {
  return checks.filter(({ outcome }) => outcome === 'policy').map(({ name }) => name);
}
