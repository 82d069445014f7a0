import { createHash } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import { issuerNameOf, subjectNameOf } from '../x509/certificate.ts';
import { checkChain } from '../x509/check-chain.ts';
import { demandInWindow, demandSigned } from '../x509/crl.ts';
import type { RevocationList } from '../x509/crl.ts';
import { ecKeyOf, isSignedEcdsa } from '../x509/ecdsa.ts';
import type { QuoteCollateral } from './collateral.ts';
import type { Quote } from './quote.ts';
import { checkSigned } from './signed-collateral.ts';
import { readQeIdentity, readTcbInfo } from './tcb-info.ts';
import type { QeIdentity, TcbInfo } from './tcb-info.ts';

/** The documents that a quote is appraised by; undefined where they could not be believed. */
export interface TrustedDocuments {
  readonly tcbInfo: TcbInfo | undefined;
  readonly qeIdentity: QeIdentity | undefined;
}

interface Grounds {
  readonly root: X509Certificate | undefined;
  readonly clockMs: number;
}

/** A list, who signs it, and the name of who issued the certificates that it is used for. */
interface ListedBy {
  readonly crl: RevocationList;
  readonly issuer: X509Certificate;
  readonly covers: Buffer;
}

/** Checks `name` and `name-window`. The list once it is signed. */
function checkList(
  list: CheckList,
  name: string,
  listed: { readonly [K in keyof ListedBy]: ListedBy[K] | undefined },
  clockMs: number,
): RevocationList | undefined {
  const crl = list.after(name, listed, (it: ListedBy) => {
    demandSigned(it.crl, it.issuer);
    return it.crl;
  });
  list.after(`${name}-window`, { crl }, (it) => demandInWindow(it.crl, clockMs));
  const fitting = list.after(`${name}-issuer`, { crl, covers: listed.covers }, (it) => {
    if (!it.crl.issuer.equals(it.covers)) throw new EvidenceError('collateral-mismatch', 'the revocation list is of another issuer');
    return it.crl;
  });
  if (fitting !== undefined) list.usedCollateral({ name, issuedMs: fitting.thisUpdateMs, nextUpdateMs: fitting.nextUpdateMs });
  return fitting;
}

/** Checks 2 to 5: the lists, the quote's own chain, and the signed documents. */
export function checkCollateral(
  list: CheckList,
  quote: Quote | undefined,
  collateral: QuoteCollateral | undefined,
  { root, clockMs }: Grounds,
): TrustedDocuments {
  const ownName = root === undefined ? undefined : subjectNameOf(root);
  const rootCrl = checkList(list, 'root-crl', { crl: collateral?.rootCrl, issuer: root, covers: ownName }, clockMs);
  const grounds = { root, clockMs, lists: { 'root-crl': rootCrl } };
  const issuers = checkChain(list, 'pck-crl-chain', { ...grounds, certificates: collateral?.pckCrlIssuers });
  const pckIssuer = list.after('pck-issuer', { quote }, (it) => issuerNameOf(it.quote.pckChain[0]));
  const pckCrl = checkList(list, 'pck-crl', { crl: collateral?.pckCrl, issuer: issuers?.[0], covers: pckIssuer }, clockMs);
  checkChain(list, 'pck-chain', {
    root,
    clockMs,
    certificates: quote?.pckChain,
    leafName: 'SGX PCK Certificate',
    lists: { 'root-crl': rootCrl, 'pck-crl': pckCrl },
  });
  return {
    tcbInfo: checkSigned(list, 'tcb-info', collateral?.tcbInfo, grounds, readTcbInfo),
    qeIdentity: checkSigned(list, 'qe-identity', collateral?.qeIdentity, grounds, readQeIdentity),
  };
}

/** Checks 6 to 8: the quoting enclave's report by the PCK key, its own key by that report, the quote by that key. */
export function checkSignatures(list: CheckList, quote: Quote | undefined): void {
  list.after('qe-report-signature', { quote }, ({ quote: { qeReport, qeReportSignature, pckChain } }) =>
    demandSignature(
      isSignedEcdsa('sha256', qeReport.raw, pckChain[0].publicKey, qeReportSignature),
      'the PCK key has not signed the report of the quoting enclave',
    ),
  );
  list.after('attestation-key', { quote }, ({ quote: { qeReport, attestationKey, qeAuthData } }) => {
    const bound = createHash('sha256').update(attestationKey).update(qeAuthData).digest();
    demandSignature(qeReport.reportData.equals(Buffer.concat([bound, Buffer.alloc(32)])), 'the report of the quoting enclave binds another key');
  });
  list.after('quote-signature', { quote }, ({ quote: { signed, attestationKey, signature } }) => {
    const key = ecKeyOf('sha256', attestationKey);
    demandSignature(key !== undefined && isSignedEcdsa('sha256', signed, key, signature), 'the attestation key has not signed the quote');
  });
}

function demandSignature(holds: boolean, otherwise: string): void {
  if (!holds) throw new EvidenceError('bad-signature', otherwise);
}
