import type { Rule } from '../findings/rule.ts';

export const SENTENCEPIECE_RULES = {
  broken: {
    id: 'sentencepiece-broken',
    alarm: 'malformed',
    severity: 'medium',
    title: 'A SentencePiece vocabulary is damaged',
    explanation: 'The bytes begin as a vocabulary of SentencePiece and go on as something that its parser refuses.',
    help: 'Fetch the file again; if it stays like this, ask the publisher.',
    references: ['CWE-20'],
  },
} as const satisfies Record<string, Rule>;
