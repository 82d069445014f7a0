import { row } from './error-row.ts';
import type { ErrorRow } from './error-row.ts';
import { EXIT } from './exit-codes.ts';

/** What signing in and the keys of people can be answered. */
export const PEOPLE_ERRORS = {
  OIDC_UNAVAILABLE: row(
    503,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'The identity provider cannot be used.',
    'Check signIn.oidc in config.yaml and that the issuer answers.',
  ),
  OIDC_REFUSED: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'The identity provider did not vouch for this person.',
    'Sign in again; the role follows signIn.oidc.roles in config.yaml.',
  ),
  PASSKEY_REFUSED: row(403, EXIT.notAllowed, 'no', 'permission_error', 'The passkey was not accepted.', 'Try again with a passkey that was registered here.'),
  ORIGIN_NOT_ALLOWED: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'The request was not made by a page of this server.',
    'Open the control plane under the address of signIn.origin in config.yaml, or http://localhost:PORT without one.',
  ),
  SIGN_IN_PENDING: row(409, EXIT.failed, 'later', 'invalid_request_error', 'The sign-in was not confirmed yet.', 'Open the address and confirm the code.'),
  SIGN_IN_SLOW_DOWN: row(
    429,
    EXIT.failed,
    'later',
    'rate_limit_error',
    'The sign-in is asked about too often.',
    'Wait 5 seconds longer between two questions.',
  ),
  SIGN_IN_EXPIRED: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'The sign-in was not confirmed in time, or was refused.',
    'Start again: elulmc sign-in.',
  ),
} as const satisfies Record<string, ErrorRow>;
