import type { Rule } from '../findings/rule.ts';

/** What XML files of models and pictures can do. */
export const XML_RULES = {
  library: {
    id: 'xml-custom-library',
    alarm: 'suspicious',
    severity: 'high',
    title: 'The model names a library of native code',
    explanation: 'OpenVINO loads the library that a layer names into the process and runs what is in it.',
    help: 'Do not load the model. Layers of OpenVINO need no library of their own.',
    references: ['CWE-114', 'CWE-829'],
  },
  external: {
    id: 'xml-external-reference',
    alarm: 'suspicious',
    severity: 'high',
    title: 'The XML brings in another file or address',
    explanation: 'A reader that follows it hands out files of the machine or calls an address that the author of the file chose.',
    help: 'Remove the reference. Formats of models need none.',
    references: ['CWE-611', 'CWE-918'],
  },
  expansion: {
    id: 'xml-entity-expansion',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Entities of the XML expand one another',
    explanation: 'A few lines become gigabytes in a reader that replaces them.',
    help: 'Do not read it. Formats of models declare no entities.',
    references: ['CWE-776'],
  },
  script: {
    id: 'xml-script',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A picture or model runs a script where it is shown',
    explanation: 'A browser that shows it runs the script with the rights of the page.',
    help: 'Remove it, or show a picture of another format.',
    references: ['CWE-79'],
  },
  broken: {
    id: 'xml-broken',
    alarm: 'malformed',
    severity: 'medium',
    title: 'The XML of the model cannot be read to its end',
    explanation: 'A tag, comment or value has no end. What stands before it was looked at.',
    help: 'Fetch the file again.',
  },
} as const satisfies Record<string, Rule>;
