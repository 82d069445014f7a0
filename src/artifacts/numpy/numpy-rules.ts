import type { Rule } from '../findings/rule.ts';

const FETCH_AGAIN = 'Do not load it. Fetch the file again and compare its digest with the one that the publisher states.';
const ASK = 'Find out what this is before anybody loads the file, and load arrays with allow_pickle=False only.';

/** What an array file of numpy can be found to hold. Pickles in it have the rules of pickles. */
export const NUMPY_RULES = {
  broken: {
    id: 'npy-broken-header',
    alarm: 'malformed',
    severity: 'medium',
    title: 'The header of the array is broken',
    explanation: 'The header is cut off, has a version that does not exist, or lacks one of its three fields. Readers differ about such a file.',
    help: FETCH_AGAIN,
  },
  expression: {
    id: 'npy-header-expression',
    alarm: 'suspicious',
    severity: 'high',
    title: 'The header of the array holds code',
    explanation: 'The header must be a plain Python literal. This one holds something else, which readers that evaluate it would run.',
    help: ASK,
    references: ['CWE-95'],
  },
  shape: {
    id: 'npy-shape',
    alarm: 'malformed',
    severity: 'medium',
    title: 'The shape of the array is impossible',
    explanation: 'A size is negative, or their product passes what a computer can address.',
    help: FETCH_AGAIN,
    references: ['CWE-190'],
  },
  short: {
    id: 'npy-data-short',
    alarm: 'malformed',
    severity: 'medium',
    title: 'The array has fewer data than its shape says',
    explanation: 'Readers that map the file into memory go beyond its end.',
    help: FETCH_AGAIN,
    references: ['CWE-125'],
  },
  behind: {
    id: 'npy-bytes-behind',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Bytes behind the array',
    explanation: 'Readers stop at the end of the array and do not see what follows; other programs do. Payloads are hidden there.',
    help: ASK,
    references: ['CWE-506'],
  },
} as const satisfies Record<string, Rule>;
