import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { extensionsOf } from '../x509/certificate.ts';
import { expectTag, oidOf, readChildren, readWhole } from '../x509/der.ts';

/** Hopper and LS10: the identity ends the extension. */
const FIRMWARE_ID = '2.23.133.5.4.1';
/** Blackwell: DiceTcbInfo (TCG DICE attestation architecture, section 6.1.1). */
const DICE_TCB_INFO = '2.23.133.5.4.1.1';
const SHA384 = '2.16.840.1.101.3.4.2.2';
const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
/** `fwids [6] IMPLICIT`. */
const FWIDS = 0xa6;
const BYTES = 48;

/** The digest of the firmware that holds the certificate's key; null when the certificate names none. EvidenceError `malformed`. */
export function firmwareIdOf(leaf: X509Certificate): Buffer | null {
  const extensions = extensionsOf(leaf);
  const [plain, dice] = [extensions.get(FIRMWARE_ID), extensions.get(DICE_TCB_INFO)];
  if (dice !== undefined) return diceFirmwareIdOf(dice);
  if (plain === undefined) return null;
  if (plain.length < BYTES) throw new EvidenceError('malformed', 'a firmware identity that is too short');
  return plain.subarray(-BYTES);
}

function diceFirmwareIdOf(extension: Buffer): Buffer {
  const list = readChildren(readWhole(extension, SEQUENCE).content).find(({ tag }) => tag === FWIDS);
  const [first] = readChildren(expectTag(list, FWIDS).content);
  const [algorithm, digest] = readChildren(expectTag(first, SEQUENCE).content);
  const { content } = expectTag(digest, OCTET_STRING);
  if (oidOf(expectTag(algorithm, OBJECT_IDENTIFIER)) !== SHA384 || content.length !== BYTES)
    throw new EvidenceError('malformed', 'a firmware identity of another hash');
  return content;
}
