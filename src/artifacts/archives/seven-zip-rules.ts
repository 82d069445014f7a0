import type { Rule } from '../findings/rule.ts';

export const SEVEN_ZIP_RULES = {
  inDisguise: {
    id: '7z-as-a-model',
    alarm: 'suspicious',
    severity: 'high',
    title: '7z: an archive under the name of a model',
    explanation: 'No model loader reads 7z. Models packed this way (nullifAI, 2025) were made to get past scanners that know zip only.',
    help: 'Do not load it.',
    references: ['CWE-434'],
  },
  broken: {
    id: '7z-broken',
    alarm: 'malformed',
    severity: 'medium',
    title: '7z: the archive is damaged',
    explanation: 'Headers or members cannot be read. What could be unpacked before the damage was scanned.',
    help: 'Fetch the file again.',
  },
  behind: {
    id: '7z-bytes-behind',
    alarm: 'suspicious',
    severity: 'medium',
    title: '7z: bytes behind the archive',
    explanation: 'There is something behind the end of the archive that unpackers pass over.',
    help: 'Do not load it.',
    references: ['CWE-436'],
  },
} as const satisfies Record<string, Rule>;
