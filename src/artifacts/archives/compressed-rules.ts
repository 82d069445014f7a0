import type { Rule } from '../findings/rule.ts';

export const COMPRESSED_RULES = {
  broken: {
    id: 'compressed-broken',
    alarm: 'malformed',
    severity: 'medium',
    title: 'Compressed stream: it breaks off',
    explanation: 'The stream is damaged or cut. What came before that was scanned: a loader would have run it by then.',
    help: 'Fetch the file again.',
  },
  behind: {
    id: 'compressed-bytes-behind',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Compressed stream: bytes behind its end',
    explanation: 'There is something behind the compressed data that decompressors pass over in silence.',
    help: 'Do not load it; have it compressed again.',
    references: ['CWE-436'],
  },
} as const satisfies Record<string, Rule>;
