import { constants, verify } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { TPM_ALG } from './algorithms.ts';
import { BigEndian } from './big-endian.ts';
import { padded } from './public-area.ts';
import type { TpmPublicArea } from './public-area.ts';

/** A signature with SHA-256 (TPM 2.0 Library, part 2: TPMT_SIGNATURE). */
export interface TpmSignature {
  readonly algorithm: number;
  /** r and s, 32 bytes each, with ECDSA. */
  readonly bytes: Buffer;
}

/** EvidenceError `malformed`. */
export function readTpmSignature(bytes: Buffer): TpmSignature {
  const reader = new BigEndian(bytes, 'the signature');
  const algorithm = reader.u16();
  if (reader.u16() !== TPM_ALG.sha256) throw new EvidenceError('malformed', 'the signature is not made with SHA-256');
  const isEcdsa = algorithm === TPM_ALG.ecdsa;
  if (!isEcdsa && algorithm !== TPM_ALG.rsassa && algorithm !== TPM_ALG.rsapss)
    throw new EvidenceError('malformed', `signature algorithm ${String(algorithm)}`);
  const signature = isEcdsa ? Buffer.concat([padded(reader.sized()), padded(reader.sized())]) : reader.sized();
  reader.end();
  return { algorithm, bytes: signature };
}

/** Whether the key, by its own scheme, has signed the message. */
export function isSignedBy({ key, type, scheme }: TpmPublicArea, { algorithm, bytes }: TpmSignature, message: Buffer): boolean {
  if ((algorithm === TPM_ALG.ecdsa) !== (type === 'ec') || (scheme !== null && scheme !== algorithm)) return false;
  try {
    if (algorithm === TPM_ALG.ecdsa) return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, bytes);
    const padding = algorithm === TPM_ALG.rsassa ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
    return verify('sha256', message, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, bytes);
  } catch {
    return false;
  }
}
