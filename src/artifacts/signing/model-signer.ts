import { sign } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { ElulmcError } from '../../core/errors.ts';
import { buildChain, MAX_CHAIN, usageFault } from './certificate-chain.ts';
import { ALLOWED_CURVES, curveOf } from './curves.ts';

/** Whatever holds the private key: a file, a token, a key service. Only the public half is ever asked for. */
export interface ModelSigner {
  readonly publicKey: KeyObject;
  /** Leaf first, the root left out; empty: the bundle names the key by its hint. */
  readonly chain: readonly X509Certificate[];
  /** DER of an ECDSA signature over the bytes with this hash. */
  sign(bytes: Buffer, hash: string): Buffer | Promise<Buffer>;
}

function demandCurve(publicKey: KeyObject, field: string): void {
  if (curveOf(publicKey) !== undefined) return;
  throw new ElulmcError('FIELD_INVALID', `${field}: a model is signed with a key on ${ALLOWED_CURVES}`, { field });
}

/** Signs with a private key in memory. FIELD_INVALID for any other kind of key. */
export function keySigner(privateKey: KeyObject, publicKey: KeyObject): ModelSigner {
  demandCurve(publicKey, 'privateKey');
  return { publicKey, chain: [], sign: (bytes, hash) => sign(hash, bytes, { key: privateKey, dsaEncoding: 'der' }) };
}

/**
 * A signer whose bundles carry certificates, the leaf first. FIELD_INVALID `certificates` for a chain that no verifier would take: not
 * of this key, not allowed to sign, out of order, or with something missing between two of them.
 */
export function certificateSigner(signer: ModelSigner, chain: readonly X509Certificate[]): ModelSigner {
  const refuse = (what: string): ElulmcError => new ElulmcError('FIELD_INVALID', `certificates: ${what}`, { field: 'certificates' });
  const [leaf, ...rest] = chain;
  if (leaf === undefined || chain.length > MAX_CHAIN) throw refuse(`1 to ${String(MAX_CHAIN)} of them`);
  if (!leaf.publicKey.equals(signer.publicKey)) throw refuse('the first one is not of the key that signs');
  demandCurve(leaf.publicKey, 'certificates');
  const fault = usageFault(leaf);
  if (fault !== undefined) throw refuse(`the first one may not sign: ${fault}`);
  const broken = rest.findIndex((issuer, at) => chain[at]?.checkIssued(issuer) !== true || !chain[at].verify(issuer.publicKey));
  if (broken !== -1) throw refuse(`number ${String(broken + 2)} has not issued the one before it`);
  // A root at the end is no use: a verifier takes its own. It is checked all the same.
  const last = chain.at(-1);
  if (last?.verify(last.publicKey) === true) {
    const answer = buildChain(leaf, rest, [last]);
    if ('problem' in answer) throw refuse(answer.problem);
  }
  return { ...signer, chain };
}
