import type { Rule } from '../findings/rule.ts';

/** What YAML configurations can do besides naming targets (reference, section 13). */
export const NEMO_RULES = {
  pythonTag: {
    id: 'yaml-python-object',
    alarm: 'malicious',
    severity: 'critical',
    title: 'The YAML makes Python objects',
    explanation: 'A tag tells the loader of Python to import a function and call it while it reads the file.',
    help: 'Do not load the model. Report it to the place where it is published.',
    references: ['CVE-2020-1747', 'CVE-2020-14343', 'CWE-502'],
  },
  unknownTag: {
    id: 'yaml-unknown-tag',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'The YAML has a tag that makes objects of an unknown kind',
    explanation: 'Configurations of models are plain texts and numbers. What a tag like this does depends on the program that reads it.',
    help: 'Ask the publisher for a configuration without it.',
    references: ['CWE-502'],
  },
  expansion: {
    id: 'yaml-alias-expansion',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Aliases of the YAML expand one another',
    explanation: 'A few lines become gigabytes in a reader that follows them.',
    help: 'Do not read it. Configurations of models have few aliases.',
    references: ['CWE-776'],
  },
} as const satisfies Record<string, Rule>;
