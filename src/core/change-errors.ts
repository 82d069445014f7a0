import { row } from './error-row.ts';
import type { ErrorRow } from './error-row.ts';
import { EXIT } from './exit-codes.ts';

/** Why a change may not be made now. */
export const CHANGE_ERRORS = {
  CHANGE_BLACKOUT: row(
    409,
    EXIT.failed,
    'later',
    'invalid_request_error',
    'A blackout window is open.',
    'Wait until it closes; emergencies are exempt, and --break-glass with a reason goes through it.',
  ),
  CHANGE_OUTSIDE_WINDOW: row(
    409,
    EXIT.failed,
    'later',
    'invalid_request_error',
    'This change is not scheduled for now.',
    'elulmc governance change-schedule gives it a time; elulmc governance list-changes draws the windows.',
  ),
  CHANGE_NOT_APPROVED: row(
    403,
    EXIT.approvalMissing,
    'no',
    'permission_error',
    'The change request was not approved.',
    'Ask for a review: elulmc governance change-review.',
  ),
  CHANGE_CONFLICT: row(
    409,
    EXIT.failed,
    'later',
    'invalid_request_error',
    'Another change of the same system is scheduled for that time.',
    'Wait until it is over or choose another time: elulmc governance list-changes draws the calendar.',
  ),
} as const satisfies Record<string, ErrorRow>;
