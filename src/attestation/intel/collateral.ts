import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../checks.ts';
import { readCertificates } from '../x509/certificate.ts';
import { readRevocationList } from '../x509/crl.ts';
import type { RevocationList } from '../x509/crl.ts';

const MAX_BYTES = 1_048_576;

const hex = z.string().refine((text) => text.length % 2 === 0 && !/[^0-9a-f]/i.test(text), 'is no hex');

/** Names as Intel's provisioning service gives them in its headers and answers. */
const collateralFile = z.object({
  pck_crl_issuer_chain: z.string(),
  root_ca_crl: hex,
  pck_crl: hex,
  tcb_info_issuer_chain: z.string(),
  tcb_info: z.string(),
  tcb_info_signature: hex,
  qe_identity_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: hex,
});

/** JSON exactly as it was signed, and who signed it. */
export interface SignedText {
  readonly text: string;
  /** r and s. */
  readonly signature: Buffer;
  /** The signer first. */
  readonly issuers: readonly X509Certificate[];
}

/** What a quote is judged by besides the root; nothing of it is believed yet. */
export interface QuoteCollateral {
  readonly rootCrl: RevocationList;
  readonly pckCrl: RevocationList;
  /** The signer of the PCK CRL first. */
  readonly pckCrlIssuers: readonly X509Certificate[];
  readonly tcbInfo: SignedText;
  readonly qeIdentity: SignedText;
}

/** EvidenceError: `malformed`, `untrusted-chain`; `collateral-expired` when there is none at all. */
export function readCollateral(bytes: Buffer | undefined): QuoteCollateral {
  if (bytes === undefined) throw new EvidenceError('collateral-expired', 'there is no collateral');
  const file = readFile(bytes);
  const tcbIssuers = chainIn(file.tcb_info_issuer_chain);
  // Both documents come with the same chain as a rule; it is read once.
  const isSame = file.qe_identity_issuer_chain === file.tcb_info_issuer_chain;
  return {
    rootCrl: readRevocationList(Buffer.from(file.root_ca_crl, 'hex')),
    pckCrl: readRevocationList(Buffer.from(file.pck_crl, 'hex')),
    pckCrlIssuers: chainIn(file.pck_crl_issuer_chain),
    tcbInfo: { text: file.tcb_info, signature: Buffer.from(file.tcb_info_signature, 'hex'), issuers: tcbIssuers },
    qeIdentity: {
      text: file.qe_identity,
      signature: Buffer.from(file.qe_identity_signature, 'hex'),
      issuers: isSame ? tcbIssuers : chainIn(file.qe_identity_issuer_chain),
    },
  };
}

function readFile(bytes: Buffer): z.output<typeof collateralFile> {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('malformed', 'collateral that is too long');
  const parsed = collateralFile.safeParse(jsonOf(bytes.toString('utf8')));
  if (!parsed.success) throw new EvidenceError('malformed', `collateral: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function chainIn(pem: string): readonly X509Certificate[] {
  return readCertificates(Buffer.from(pem));
}

/** Undefined when the text is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
