import type { Rule } from '../findings/rule.ts';

export const SAFETENSORS_HEADER: Rule = {
  id: 'safetensors-header',
  alarm: 'malformed',
  severity: 'high',
  title: 'Header of a safetensors file cannot be read',
  explanation: 'The header is the only thing that tells where tensors are. Readers differ in what they make of a broken one.',
  help: 'Do not load it. Fetch the file again from its publisher, and compare the digest.',
  references: ['CWE-20'],
};

export const SAFETENSORS_DUPLICATE: Rule = {
  id: 'safetensors-duplicate-name',
  alarm: 'malformed',
  severity: 'high',
  title: 'A name stands twice in a safetensors header',
  explanation:
    'The format forbids it, yet readers accept it and take the first or the last: whoever reviews the file and whoever loads it can see different tensors.',
  help: 'Do not load it. Ask the publisher for a file that a correct writer has made.',
  references: ['CWE-436'],
};

export const SAFETENSORS_ENTRY: Rule = {
  id: 'safetensors-entry',
  alarm: 'malformed',
  severity: 'high',
  title: 'A tensor of a safetensors file is described wrongly',
  explanation:
    'Each tensor has a type, a shape and two offsets, and metadata is text only. Anything else is refused by the reference reader, and lesser readers go wrong on it.',
  help: 'Do not load it. Fetch the file again from its publisher.',
  references: ['CWE-20'],
};

export const SAFETENSORS_LAYOUT: Rule = {
  id: 'safetensors-layout',
  alarm: 'malformed',
  severity: 'high',
  title: 'Tensors of a safetensors file do not lie one behind the other',
  explanation:
    'Holes hide bytes, overlaps make a small file fill the memory, and offsets outside of the file or sizes that overflow read memory that is not theirs.',
  help: 'Do not load it. Fetch the file again from its publisher.',
  references: ['CWE-125', 'CWE-190'],
};

export const SAFETENSORS_FIELD: Rule = {
  id: 'safetensors-unknown-field',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'A tensor has a field that the format does not know',
  explanation: 'Loaders pass over it, so that anything can be kept there.',
  help: 'Look at the value. Ask the publisher why it is there.',
};

export const SAFETENSORS_LIMIT: Rule = {
  id: 'safetensors-limit',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'Header holds more than any real file does',
  explanation: 'Headers with very many tensors or texts use up memory and time, and hide what matters among them. What is beyond the limit was not looked at.',
  help: 'Ask the publisher for a file that a usual writer has made.',
  references: ['CWE-400'],
};

export const SAFETENSORS_TRAILING: Rule = {
  id: 'safetensors-trailing-bytes',
  alarm: 'malformed',
  severity: 'high',
  title: 'Bytes behind the last tensor',
  explanation: 'The format ends with the last tensor. What comes behind it is seen by other programs only.',
  help: 'Do not load it. Fetch the file again from its publisher.',
};

export const SAFETENSORS_ARCHIVE: Rule = {
  id: 'safetensors-appended-archive',
  alarm: 'suspicious',
  severity: 'high',
  title: 'An archive is appended to a safetensors file',
  explanation: 'A loader that looks for the end of a zip archive, as the one of PyTorch does, takes this file for a checkpoint that may run code.',
  help: 'Do not load it. See what the archive holds.',
  references: ['CWE-434'],
};

export const SAFETENSORS_METADATA: Rule = {
  id: 'safetensors-metadata-code',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Metadata holds code',
  explanation: 'No loader runs metadata, but other tools show it in pages, paste it into shells or decode it.',
  help: 'Read the text. Unless the publisher can explain it, do not use the file.',
  references: ['CWE-506'],
};

export const SAFETENSORS_SECRET: Rule = {
  id: 'safetensors-metadata-secret',
  alarm: 'suspicious',
  severity: 'high',
  title: 'Metadata holds a secret',
  explanation: 'A key or token that somebody wrote into the file goes to everybody who has it.',
  help: 'Have the secret revoked, and tell the publisher.',
  references: ['CWE-312'],
};

export const SAFETENSORS_EMBEDDED: Rule = {
  id: 'safetensors-embedded',
  alarm: 'suspicious',
  severity: 'high',
  title: 'A tensor begins like a program, an archive or a pickle',
  explanation: 'Weights do not look like that. A second program takes the bytes out and runs or loads them.',
  help: 'Do not load it. See what the tensor holds, and who reads it.',
  references: ['CWE-506'],
};

export const SAFETENSORS_NOT_FINITE: Rule = {
  id: 'safetensors-not-finite',
  alarm: 'suspicious',
  severity: 'medium',
  title: 'A tensor holds NaN or infinity',
  explanation: 'Trained weights are finite. Such values come from a broken training or transfer, or were put there to make the model fail on some inputs.',
  help: 'Compare the file with the digest of its publisher. Do not serve it.',
};
