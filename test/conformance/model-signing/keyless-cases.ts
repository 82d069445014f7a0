import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeylessTrust } from '../../../src/artifacts/signing/trust.ts';
import { verifyModel } from '../../../src/artifacts/signing/verify-model.ts';
import type { ConformanceCase } from '../suite.ts';
import type { Label } from './labels.ts';

interface KeylessBundle {
  readonly verificationMaterial: { readonly tlogEntries: readonly Readonly<Record<string, unknown>>[] };
  readonly dsseEnvelope: { readonly payload: string };
}

type Change = (bundle: KeylessBundle) => unknown;

function withEntry(bundle: KeylessBundle, change: (entry: Readonly<Record<string, unknown>>) => object): unknown {
  const tlogEntries = bundle.verificationMaterial.tlogEntries.map((entry) => ({ ...entry, ...change(entry) }));
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries } };
}

/** What is changed in a bundle that verifies, and the check that must find it. */
const CHANGES: Readonly<Record<string, Change>> = {
  'no log entry': (bundle) => ({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [] } }),
  'another root of the log': (bundle) =>
    withEntry(bundle, ({ inclusionProof }) => ({ inclusionProof: { ...(inclusionProof as object), rootHash: Buffer.alloc(32).toString('base64') } })),
  'another size of the log': (bundle) => withEntry(bundle, ({ inclusionProof }) => ({ inclusionProof: { ...(inclusionProof as object), treeSize: '1' } })),
  'a proof without its last hash': (bundle) =>
    withEntry(bundle, ({ inclusionProof }) => {
      const { hashes } = inclusionProof as { readonly hashes: readonly string[] };
      return { inclusionProof: { ...(inclusionProof as object), hashes: hashes.slice(0, -1) } };
    }),
  'a damaged checkpoint': (bundle) =>
    withEntry(bundle, ({ inclusionProof, inclusionPromise }) => ({
      inclusionPromise: inclusionPromise === undefined ? undefined : { signedEntryTimestamp: Buffer.alloc(70).toString('base64') },
      inclusionProof: { ...(inclusionProof as object), checkpoint: { envelope: 'rekor.sigstore.dev\n1\nAAAA\n\n' } },
    })),
  'the log entry of something else': (bundle) =>
    withEntry(bundle, ({ canonicalizedBody }) => {
      const body = Buffer.from(String(canonicalizedBody), 'base64').toString();
      return { canonicalizedBody: Buffer.from(body.replace(/"value":"[0-9a-f]/, '"value":"x')).toString('base64') };
    }),
  'another payload': (bundle) => {
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString().replace('signme-1', 'signme-9');
    return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(payload).toString('base64') } };
  },
  'a second content beside the envelope': (bundle) => ({
    ...bundle,
    messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: Buffer.alloc(32).toString('base64') }, signature: 'AAAA' },
  }),
};

/** Every keyless case again, with something about it wrong. */
export function keylessCases(directory: string, label: Label, trust: KeylessTrust): ConformanceCase[] {
  const bundle = (): KeylessBundle => JSON.parse(readFileSync(join(directory, label.signature), 'utf8')) as KeylessBundle;
  const reason = async (changed: unknown, trusted: KeylessTrust): Promise<string> => {
    const { checks } = await verifyModel({ model: join(directory, label.model), bundle: Buffer.from(JSON.stringify(changed)), trust: trusted });
    return checks.find(({ outcome }) => outcome === 'fail')?.name ?? 'accepted';
  };
  const one = (name: string, expected: string, given: () => Promise<string>): ConformanceCase => ({
    name: `${label.name} ${name}`,
    group: 'sigstore changed',
    expected,
    given,
  });
  return [
    one('another identity', 'identity', () => reason(bundle(), { ...trust, identity: `x${trust.identity}` })),
    one('a part of the identity', 'identity', () => reason(bundle(), { ...trust, identity: trust.identity.slice(1) })),
    one('a pattern for an identity', 'identity', () => reason(bundle(), { ...trust, identity: '.*' })),
    one('another issuer', 'issuer', () => reason(bundle(), { ...trust, issuer: 'https://accounts.google.com' })),
    ...Object.entries(CHANGES).map(([name, change]) => one(name, 'trust', () => reason(change(bundle()), trust))),
  ];
}
