import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import { checkChain } from '../x509/check-chain.ts';
import type { ChainGrounds } from '../x509/check-chain.ts';
import { isSignedEcdsa } from '../x509/ecdsa.ts';
import type { SignedText } from './collateral.ts';

interface Dated {
  readonly issueDate: string;
  readonly nextUpdate: string;
}

/** EvidenceError `collateral-signature`. The text is checked as it was received: written anew it would not verify. */
function readSigned<T>({ text, signature, issuers: [signer] }: SignedText, read: (text: string) => T): T {
  if (signer === undefined || !isSignedEcdsa('sha256', Buffer.from(text), signer.publicKey, signature))
    throw new EvidenceError('collateral-signature', 'the text is not what was signed');
  return read(text);
}

function demandCurrent({ issueDate, nextUpdate }: Dated, clockMs: number): void {
  if (Date.parse(issueDate) <= clockMs && clockMs <= Date.parse(nextUpdate)) return;
  throw new EvidenceError('collateral-expired', `holds from ${issueDate} to ${nextUpdate}`);
}

/** Checks of a signed document, `name`, `name-window` and those of its signer's chain. The document once its signature and chain hold. */
export function checkSigned<T extends Dated>(
  list: CheckList,
  name: string,
  signed: SignedText | undefined,
  grounds: Omit<ChainGrounds, 'certificates'>,
  read: (text: string) => T,
): T | undefined {
  const chain = checkChain(list, `${name}-chain`, { ...grounds, certificates: signed?.issuers, leafName: 'SGX TCB Signing' });
  const document = list.after(name, { signed, chain }, (it) => readSigned(it.signed, read));
  list.after(`${name}-window`, { document }, (it) => demandCurrent(it.document, grounds.clockMs));
  if (document !== undefined) list.usedCollateral({ name, issuedMs: Date.parse(document.issueDate), nextUpdateMs: Date.parse(document.nextUpdate) });
  return document;
}
