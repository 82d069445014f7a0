import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * What a bundle says about its key: lower-case hex SHA-256 of the PEM text of the SubjectPublicKeyInfo. Over the text as it is
 * exported, never over a file, which may hold other text as well.
 */
export function keyHintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'pem' }))
    .digest('hex');
}
