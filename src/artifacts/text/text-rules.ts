import type { Rule } from '../findings/rule.ts';

/** What texts, source code and other files beside the weights can hold. */
export const TEXT_RULES = {
  runsOnImport: {
    id: 'python-runs-on-import',
    alarm: 'malicious',
    severity: 'critical',
    title: 'Code of the model acts as soon as it is imported',
    explanation:
      'Loaders import source of this name by themselves. This one starts a process, opens a connection or evaluates hidden code before any of its functions is called.',
    help: 'Do not load the model, not even to look at it. Report it to the place where it is published.',
    references: ['CWE-506', 'CWE-94'],
  },
  dangerousCall: {
    id: 'python-dangerous-call',
    alarm: 'suspicious',
    severity: 'high',
    title: 'Python source does what code of a model has no business doing',
    explanation:
      'The source starts processes, evaluates text as code, loads native code or pickles, or opens connections. Its text was read; nothing of it was run.',
    help: 'Have somebody read the code before anything imports or starts it.',
    references: ['CWE-506', 'CWE-94'],
  },
  unreadablePython: {
    id: 'python-unreadable',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'Python source that cannot be read as text',
    explanation: 'The source uses an encoding or a form in which its text is not what Python runs, or it was not read to its end.',
    help: 'Ask the publisher for plain UTF-8 source.',
    references: ['CWE-506'],
  },
  compiled: {
    id: 'text-compiled-code',
    alarm: 'suspicious',
    severity: 'high',
    title: 'Compiled code instead of source',
    explanation: 'Bytecode runs like source, and nobody can read what it does. Python takes it in place of the source beside it.',
    help: 'Remove it. Interpreters compile source by themselves.',
    references: ['CWE-506'],
  },
  secret: {
    id: 'text-secret',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A credential is in the file',
    explanation: 'Whoever can read the model can use it. The value is not in this report.',
    help: 'Revoke the credential first, then remove it from the file and its history.',
    references: ['CWE-798', 'CWE-540'],
  },
  hiddenCode: {
    id: 'text-hidden-code',
    alarm: 'suspicious',
    severity: 'high',
    title: 'Commands or programs are hidden in a file that should have none',
    explanation: 'A text or picture holds a program in an encoded form, or a command that downloads and runs something.',
    help: 'Remove the file, and find out how it came into the model.',
    references: ['CWE-506'],
  },
  script: {
    id: 'text-script',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A script under a name that says nothing of it',
    explanation: 'The file begins like a program that systems start by its first line. A model needs none.',
    help: 'Remove it, or have somebody read it.',
    references: ['CWE-506'],
  },
} as const satisfies Record<string, Rule>;
