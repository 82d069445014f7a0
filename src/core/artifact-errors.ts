import { row } from './error-row.ts';
import type { ErrorRow } from './error-row.ts';
import { EXIT } from './exit-codes.ts';

/** Model files, the registry of models, signatures and evidence. */
export const ARTIFACT_ERRORS = {
  GATE_NOT_MET: row(
    409,
    EXIT.finding,
    'later',
    'invalid_request_error',
    'What was found about the model keeps it out of this stage.',
    'Run the named command for each gate in the detail, then change the stage again.',
  ),
  STAGE_NOT_REACHABLE: row(
    409,
    EXIT.failed,
    'no',
    'invalid_request_error',
    'A model does not go from its stage to that one.',
    'Go through the stages that the detail names: elulmc deployment change-stage.',
  ),
  MODEL_NOT_SIGNABLE: row(
    409,
    EXIT.failed,
    'no',
    'invalid_request_error',
    'The model cannot be signed as it is: no verifier would accept it.',
    'Mend or take out the named files, or leave them out of the signature with --ignore-paths.',
  ),
  SIGNATURE_INVALID: row(
    409,
    EXIT.integrityViolation,
    'no',
    'invalid_request_error',
    'The signature does not hold for these files.',
    'Ask who signed them; elulmc security verify-model --model PATH names every check.',
  ),
  SIGNATURE_POLICY: row(
    409,
    EXIT.finding,
    'no',
    'invalid_request_error',
    'The signature holds, and something about it is not allowed.',
    'Look at the named finding; --allow FINDING accepts it (docs/formats/model-signature.md).',
  ),
} as const satisfies Record<string, ErrorRow>;
