import type { Rule } from '../findings/rule.ts';

export const GGUF_HEADER: Rule = {
  id: 'gguf-header',
  alarm: 'malformed',
  severity: 'high',
  title: 'GGUF file cannot be read',
  explanation:
    'Versions, counts, lengths and types at the start of the file do not fit together. Loaders written in C read memory that is not theirs on such files.',
  help: 'Do not load it. Fetch the file again from its publisher, and compare the digest.',
  references: ['CWE-20', 'CWE-125'],
};

export const GGUF_KEY: Rule = {
  id: 'gguf-key',
  alarm: 'malformed',
  severity: 'medium',
  title: 'A key of a GGUF file is empty, too long or stands twice',
  explanation:
    'Of a key that stands twice one loader takes the first value and another the last: whoever reviews the file can see another model than whoever runs it.',
  help: 'Do not load it. Ask the publisher for a file that a correct writer has made.',
  references: ['CWE-436'],
};

export const GGUF_TENSOR: Rule = {
  id: 'gguf-tensor',
  alarm: 'malformed',
  severity: 'high',
  title: 'A tensor of a GGUF file is described wrongly',
  explanation:
    'Names, dimensions, types and offsets of tensors do not fit together or lead out of the file. Loaders that trust them read or write memory that is not theirs.',
  help: 'Do not load it. Fetch the file again from its publisher.',
  references: ['GHSA-vgg9-87g3-85w8', 'CWE-190', 'CWE-125'],
};

export const GGUF_BYTE_TOKEN: Rule = {
  id: 'gguf-byte-token',
  alarm: 'suspicious',
  severity: 'high',
  title: 'A byte token of the vocabulary is no byte',
  explanation: 'Loaders take the number out of tokens such as <0x0A> and use it as an index. One outside of 00 to FF writes outside of their table.',
  help: 'Do not load it with an older llama.cpp. Fetch the file again from its publisher.',
  references: ['CWE-787'],
};

export const GGUF_METADATA: Rule = {
  id: 'gguf-metadata-code',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Metadata holds code',
  explanation: 'No loader runs metadata, but other tools show it in pages, paste it into shells or decode it.',
  help: 'Read the text. Unless the publisher can explain it, do not use the file.',
  references: ['CWE-506'],
};

export const GGUF_SECRET: Rule = {
  id: 'gguf-metadata-secret',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Metadata holds a secret',
  explanation: 'A key or token that somebody wrote into the file goes to everybody who has it.',
  help: 'Have the secret revoked, and tell the publisher.',
  references: ['CWE-312'],
};

export const GGUF_PREFIX: Rule = {
  id: 'gguf-prefix',
  alarm: 'suspicious',
  severity: 'high',
  title: 'A file that is named like a GGUF file begins as something else',
  explanation: 'A program with a model behind it (llamafile) runs when it is opened. Named like a model it is opened by somebody who expects data.',
  help: 'Do not run it. Use the model as plain GGUF from its publisher.',
  references: ['CWE-434'],
};

export const GGUF_TRAILING: Rule = {
  id: 'gguf-trailing-bytes',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Bytes behind the last tensor',
  explanation: 'Loaders do not look at them. An archive or a program can be carried there.',
  help: 'See what they are, and ask the publisher why they are there.',
};

export const GGUF_EMBEDDED: Rule = {
  id: 'gguf-embedded',
  alarm: 'suspicious',
  severity: 'high',
  title: 'A tensor begins like a program, an archive or a pickle',
  explanation: 'Weights do not look like that. A second program takes the bytes out and runs or loads them.',
  help: 'Do not load it. See what the tensor holds, and who reads it.',
  references: ['CWE-506'],
};

export const GGUF_NOT_FINITE: Rule = {
  id: 'gguf-not-finite',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'A tensor holds NaN or infinity',
  explanation: 'Trained weights are finite. Such values come from a broken conversion or transfer, or were put there to make the model fail on some inputs.',
  help: 'Compare the file with the digest of its publisher. Do not serve it.',
};
