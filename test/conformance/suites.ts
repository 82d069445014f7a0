import { logSuite } from './log/suite.ts';
import type { Suite } from './suite.ts';

/** Every suite by the name that the command line takes. */
export const SUITES: Readonly<Record<string, Suite>> = {
  log: logSuite,
};
