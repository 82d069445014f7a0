import type { Rule } from '../findings/rule.ts';

/** What the schema of a skops file can name (skops.io; reference, section 13). */
export const SKOPS_RULES = {
  gadget: {
    id: 'skops-node-abuse',
    alarm: 'malicious',
    severity: 'critical',
    title: 'A node reaches for functions that its type does not say',
    explanation: 'The node tells the loader to take a function by a name that the check of trusted types never sees. Loading the file calls it.',
    help: 'Do not load the file. Report it to the place where it is published.',
    references: ['CVE-2025-54412', 'CVE-2025-54413', 'CWE-351'],
  },
  dangerous: {
    id: 'skops-dangerous-type',
    alarm: 'malicious',
    severity: 'critical',
    title: 'A node names a function that runs commands or code',
    explanation: 'The loader imports what a node names. This name is of use to an attack only.',
    help: 'Do not load the file. Report it to the place where it is published.',
    references: ['CWE-502'],
  },
  unknown: {
    id: 'skops-unknown-type',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A node names a type that skops does not trust by itself',
    explanation: 'The loader asks whoever loads the file to trust this type. What it does is not known here.',
    help: 'Find out where the type comes from before you trust it.',
    references: ['CWE-502'],
  },
  loader: {
    id: 'skops-unknown-loader',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A node of an unusual kind',
    explanation: 'No writer of skops makes nodes of this kind for ordinary models, or the kind does not exist.',
    help: 'Ask the publisher which version wrote the file.',
  },
  broken: {
    id: 'skops-broken-schema',
    alarm: 'malformed',
    severity: 'medium',
    title: 'The schema cannot be read',
    explanation: 'The file that says what is in the archive is no sound JSON, or its nodes are incomplete.',
    help: 'Fetch the file again.',
  },
} as const satisfies Record<string, Rule>;
