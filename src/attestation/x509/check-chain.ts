import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import { commonNameOf, issuerNameOf } from './certificate.ts';
import { chainTo, demandValidAt } from './chain.ts';
import { isRevoked } from './crl.ts';
import type { RevocationList } from './crl.ts';

/** A chain and what it is checked by. What is undefined could not be had, and has failed a check of its own. */
export interface ChainGrounds {
  /** The leaf first. */
  readonly certificates: readonly X509Certificate[] | undefined;
  readonly root: X509Certificate | undefined;
  readonly clockMs: number;
  /** What the common name of the leaf must contain. */
  readonly leafName?: string;
  /** Lists that have been checked themselves, by the names of their checks; absent: nothing is published for this chain. */
  readonly lists?: Readonly<Record<string, RevocationList | undefined>>;
}

/** EvidenceError `revoked` when the list of a certificate's own issuer names it. */
function demandNotRevoked(path: readonly X509Certificate[], lists: readonly RevocationList[]): void {
  const revoked = path.find((certificate) => lists.some((list) => list.issuer.equals(issuerNameOf(certificate)) && isRevoked(list, certificate)));
  if (revoked !== undefined) throw new EvidenceError('revoked', `${commonNameOf(revoked) ?? 'a certificate'} with the serial number ${revoked.serialNumber}`);
}

function pathTo(certificates: readonly X509Certificate[], root: X509Certificate, leafName: string): readonly X509Certificate[] {
  const path = chainTo(certificates, root);
  const [leaf] = path;
  const found = (leaf === undefined ? null : commonNameOf(leaf)) ?? 'no name';
  if (!found.includes(leafName)) throw new EvidenceError('untrusted-chain', 'the certificate is of another kind', { expected: leafName, found });
  return path;
}

/**
 * Three checks, apart so that a policy that passes over one still gets the others: `name` (the path to the root, which is returned),
 * `name-validity` and, where there are lists, `name-revocation`.
 */
export function checkChain(
  list: CheckList,
  name: string,
  { certificates, root, clockMs, leafName = '', lists }: ChainGrounds,
): readonly X509Certificate[] | undefined {
  const chain = list.after(name, { certificates, root }, (it) => pathTo(it.certificates, it.root, leafName));
  list.after(`${name}-validity`, { chain }, (it) => demandValidAt(it.chain, clockMs));
  if (lists !== undefined) {
    const known = Object.values(lists).filter((given) => given !== undefined);
    list.after(`${name}-revocation`, { chain, ...lists }, (it: { chain: readonly X509Certificate[] }) => demandNotRevoked(it.chain, known));
  }
  return chain;
}

/** The root of a kind of evidence; one that is missing is `untrusted-chain`. */
export function rootOf(list: CheckList, root: X509Certificate | undefined, name = 'root'): X509Certificate | undefined {
  return list.try(name, () => {
    if (root === undefined) throw new EvidenceError('untrusted-chain', 'no root was given for this kind of evidence');
    return root;
  });
}
