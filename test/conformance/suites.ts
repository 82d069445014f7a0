import { attestationSuite } from './attestation/suite.ts';
import { evaluationSuite } from './evaluation/suite.ts';
import { leaksSuite } from './leaks/suite.ts';
import { logSuite } from './log/suite.ts';
import { modelFilesSuite } from './model-files/suite.ts';
import { modelSigningSuite } from './model-signing/suite.ts';
import type { Suite } from './suite.ts';

/** Every suite by the name that the command line takes. */
export const SUITES: Readonly<Record<string, Suite>> = {
  attestation: attestationSuite,
  evaluation: evaluationSuite,
  leaks: leaksSuite,
  log: logSuite,
  'model-files': modelFilesSuite,
  'model-signing': modelSigningSuite,
};
