import { EvidenceError } from '../checks.ts';

const ENTRY_BYTES = 24;
const MAX_ENTRIES = 32;

/** GUIDs of the certificate table that a host hands to its guest (GHCB specification, SNP extended guest request). */
const NAMES: Readonly<Partial<Record<string, 'vcek' | 'vlek' | 'ask' | 'ark'>>> = {
  '63da758de6644564adc5f4b93be8accd': 'vcek',
  a8074bc2a25a483eaae639c045a0b8a1: 'vlek',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ask',
  c0b406a4a803495297433fb6014cd0ae: 'ark',
};

/** Certificates as the host gave them: candidates only, the pinned root decides. */
export type CertificateTable = Readonly<Partial<Record<'vcek' | 'vlek' | 'ask' | 'ark', Buffer>>>;

/**
 * Reads a certificate table (`auxblob`): entries of GUID, u32 offset, u32 length, ended by a zero entry. Entries with other GUIDs are
 * left out. EvidenceError `malformed`.
 */
export function readCertificateTable(bytes: Buffer): CertificateTable {
  const table: Partial<Record<'vcek' | 'vlek' | 'ask' | 'ark', Buffer>> = {};
  for (let at = 0; at < MAX_ENTRIES * ENTRY_BYTES; at += ENTRY_BYTES) {
    if (at + ENTRY_BYTES > bytes.length) throw new EvidenceError('malformed', 'the certificate table has no end');
    const guid = bytes.toString('hex', at, at + 16);
    if (/^0+$/u.test(guid)) return table;
    const offset = bytes.readUInt32LE(at + 16);
    const length = bytes.readUInt32LE(at + 20);
    if (offset + length > bytes.length) throw new EvidenceError('malformed', 'a certificate of the table ends behind it');
    const name = NAMES[guid];
    if (name === undefined) continue;
    if (table[name] !== undefined) throw new EvidenceError('malformed', `the certificate table has two of ${name}`);
    table[name] = bytes.subarray(offset, offset + length);
  }
  throw new EvidenceError('malformed', `the certificate table has more than ${String(MAX_ENTRIES)} entries`);
}
