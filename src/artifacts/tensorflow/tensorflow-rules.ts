import type { Rule } from '../findings/rule.ts';

export const TENSORFLOW_RULES = {
  dangerousOp: {
    id: 'tensorflow-dangerous-op',
    alarm: 'malicious',
    severity: 'critical',
    title: 'A graph runs code or touches files',
    explanation:
      'A TensorFlow graph is a program. This operation calls Python, reads or writes files, loads a library or runs a command, with the rights of whoever serves the model.',
    help: 'Do not load it. A model that only computes has none of these operations.',
    references: ['CWE-94', 'CWE-502'],
  },
  sideEffectOp: {
    id: 'tensorflow-side-effect-op',
    alarm: 'suspicious',
    severity: 'medium',
    title: 'A graph has effects outside of it',
    explanation:
      'This operation writes, sends or fetches data while the model runs. Debuggers and input pipelines do so; a model that is served has no need of it.',
    help: 'Ask the publisher for a graph without it.',
    references: ['CWE-200'],
  },
  unreadable: {
    id: 'tensorflow-unreadable',
    alarm: 'malformed',
    severity: 'high',
    title: 'A TensorFlow graph cannot be read',
    explanation: 'The protobuf message is cut short or broken. What is behind that place was not seen.',
    help: 'Fetch the file again from its publisher, and compare the digest.',
    references: ['CWE-20'],
  },
  assetPath: {
    id: 'tensorflow-asset-path',
    alarm: 'suspicious',
    severity: 'high',
    title: 'An asset lies outside of the model',
    explanation: 'Assets are files below the folder of the model. This name leads out of it, to a file of the machine that serves the model.',
    help: 'Do not load it. Ask the publisher for a model whose assets are in its own folder.',
    references: ['CWE-22'],
  },
} as const satisfies Record<string, Rule>;
