import { row } from './error-row.ts';
import type { ErrorRow } from './error-row.ts';
import { EXIT } from './exit-codes.ts';

/** What runs of runbooks and the control planes that perform them can be answered. */
export const RUN_ERRORS = {
  RUN_STATE: row(409, EXIT.failed, 'no', 'invalid_request_error', 'The run is not in a state that allows this.', 'elulmc runbook show RUN shows its state.'),
  STEP_INTERRUPTED: row(
    409,
    EXIT.failed,
    'no',
    'invalid_request_error',
    'The step was interrupted, and nobody knows how far it came.',
    'Look at what it does, then: elulmc runbook resume RUN --retry or --skip.',
  ),
  PROCESS_FAILED: row(500, EXIT.failed, 'no', 'api_error', 'A process of the runbook failed.', 'Its output is kept: elulmc runbook show RUN.'),
  PROCESS_NOT_ALLOWED: row(
    403,
    EXIT.notAllowed,
    'no',
    'permission_error',
    'This runbook may not start processes.',
    'Name its file under runbooks.processes in config.yaml.',
  ),
  LEADERSHIP_LOST: row(503, EXIT.failed, 'later', 'api_error', 'Another control plane has taken over.', 'Ask the control plane that leads now.'),
  CONTROL_STANDBY: row(
    503,
    EXIT.upstreamUnavailable,
    'later',
    'api_error',
    'This control plane stands by; another one leads.',
    'Use the address in the detail.',
  ),
} as const satisfies Record<string, ErrorRow>;
