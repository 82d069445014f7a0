import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** 256 random bits, shown once: a bearer token, a browser session, an invitation, a device that waits for its token. */
export function newSecret(prefix: 'elp' | 'elb' | 'inv' | 'dev'): string {
  return `${prefix}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

/** Lower-case hex; the form in which a secret is stored. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
