import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import type { Given } from '../evidence-kind.ts';
import { chainTo, demandValidAt, validityOf } from '../x509/chain.ts';
import { commonNameOf, readCertificates } from '../x509/certificate.ts';
import { demandInWindow, demandSigned, isRevoked, readRevocationList } from '../x509/crl.ts';
import type { RevocationList } from '../x509/crl.ts';
import { readCertificateTable } from './certificate-table.ts';
import type { CertificateTable } from './certificate-table.ts';
import { readVek } from './vek.ts';
import type { SnpSigner, Vek } from './vek.ts';

/** The certificates that came along: the endorsement key's, and those that may lie between it and the root. */
export interface Endorsement {
  readonly vek: Vek;
  readonly others: readonly X509Certificate[];
}

function tableOf({ inputs }: Given): CertificateTable {
  return inputs['certificates'] === undefined ? {} : readCertificateTable(inputs['certificates']);
}

/**
 * The endorsement from the inputs `vek` and `ask`, else from the host's table `certificates`. EvidenceError `collateral-expired` when
 * there is none: it can be fetched from the vendor, so asking again helps. `untrusted-chain` when it cannot be read.
 */
export function readEndorsement(given: Given, signer: SnpSigner): Endorsement {
  const { vek, ask } = given.inputs;
  const table = vek === undefined || ask === undefined ? tableOf(given) : {};
  const bytes = vek ?? table[signer];
  if (bytes === undefined) throw new EvidenceError('collateral-expired', `no certificate of the ${signer.toUpperCase()} was given`);
  const [first, ...others] = readCertificates(bytes);
  if (first === undefined) throw new EvidenceError('untrusted-chain', 'no certificate was given');
  const between = ask ?? table.ask;
  return { vek: readVek(first), others: between === undefined ? others : [...others, ...readCertificates(between)] };
}

/** `SEV-Milan` below `ARK-Milan`, and `SEV-VLEK-Milan` for providers' keys. A root of another name says nothing about the one between. */
function expectedIntermediate(root: X509Certificate, signer: SnpSigner | null): string | undefined {
  const name = commonNameOf(root);
  if (name?.startsWith('ARK-') !== true) return undefined;
  return `${signer === 'vlek' ? 'SEV-VLEK-' : 'SEV-'}${name.slice('ARK-'.length)}`;
}

/** Exactly: endorsement key, AMD's intermediate key, root. */
function pathOf({ vek, others }: Endorsement, root: X509Certificate): readonly X509Certificate[] {
  const path = chainTo([vek.certificate, ...others], root);
  if (path.length !== 3) throw new EvidenceError('untrusted-chain', `expected 3 certificates, found ${String(path.length)}`);
  const expected = expectedIntermediate(root, vek.signer);
  const found = path[1] === undefined ? null : commonNameOf(path[1]);
  if (expected !== undefined && found !== expected)
    throw new EvidenceError('untrusted-chain', 'the certificate between is of another kind', { expected, found: found ?? 'no name' });
  return path;
}

/** AMD's list names both intermediate and endorsement keys, and is signed by the root, so its issuer's name is not compared. */
function checkRevocationList(list: CheckList, { inputs, clockMs }: Given, root: X509Certificate | undefined): RevocationList | 'absent' | undefined {
  const der = inputs['crl'];
  if (der === undefined) {
    for (const name of ['crl-signature', 'crl-window']) list.notApplicable(name, 'no revocation list was given');
    return 'absent';
  }
  const signed = list.after('crl-signature', { root }, (it) => {
    const crl = readRevocationList(der);
    demandSigned(crl, it.root);
    return crl;
  });
  list.after('crl-window', { 'crl-signature': signed }, (it) => demandInWindow(it['crl-signature'], clockMs));
  if (signed !== undefined) list.usedCollateral({ name: 'crl', issuedMs: signed.thisUpdateMs, nextUpdateMs: signed.nextUpdateMs });
  return signed;
}

/** Whether the endorsement key leads to the pinned root, is valid at the clock and is not revoked. */
export function checkEndorsement(list: CheckList, given: Given, endorsement: Endorsement | undefined, root: X509Certificate | undefined): void {
  const crl = checkRevocationList(list, given, root);
  const path = list.after('chain', { 'vek-certificate': endorsement, root }, (it) => pathOf(it['vek-certificate'], it.root));
  list.after('chain-validity', { chain: path }, (it) => demandValidAt(it.chain, given.clockMs));
  if (crl === 'absent') list.notApplicable('revocation', 'no revocation list was given');
  else
    list.after('revocation', { chain: path, 'crl-signature': crl }, (it) => {
      const revoked = it.chain.find((certificate) => isRevoked(it['crl-signature'], certificate));
      if (revoked !== undefined) throw new EvidenceError('revoked', `the certificate with the serial number ${revoked.serialNumber} is revoked`);
    });
  if (endorsement !== undefined) list.expires('vek', validityOf(endorsement.vek.certificate).toMs);
}
