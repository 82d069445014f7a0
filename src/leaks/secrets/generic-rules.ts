import { isTokenHeader } from './checksums.ts';
import type { SecretRule } from './secret-rule.ts';

const COMMON_PASSWORD =
  /^(?:p(?:ass(?:word|wd)?|wd|w)\d{0,4}|passphrase|secret\d{0,4}|user(?:name)?|admin|root|guest|postgres|mysql|mongo|redis|test(?:ing)?\d{0,4}|token|key|foo|bar|baz|hunter2|changeit|letmein|\d{1,6})$/i;
const REFERENCE = /^(?:[$%]|\{|<|env[.:(]|\*+$)/;

/** Credentials of no one issuer: private keys, signed web tokens, passwords in addresses, bearer tokens. */
export const GENERIC_RULES: readonly SecretRule[] = [
  {
    id: 'private-key',
    // The head is no secret; it ends where the hold begins.
    anchors: ['PRIVATE KEY-----', 'PRIVATE KEY BLOCK-----'],
    head: /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----$/,
    insideWord: true,
    follows: 'A-Za-z0-9+/=\\s\\\\:,.-',
    most: 190,
    goesOn: true,
    pattern: /PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|\s|[A-Za-z-]{1,20}: [^\r\n\\]{0,70}(?=[\r\n\\])){1,12}([A-Za-z0-9+/=]{40})/y,
    entropy: 3,
  },
  {
    id: 'age-secret-key',
    anchors: ['AGE-SECRET-KEY-1'],
    follows: 'A-Z0-9',
    most: 59,
    pattern: /AGE-SECRET-KEY-1([QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})(?![A-Z0-9])/y,
    entropy: 3.5,
  },
  {
    id: 'signed-web-token',
    anchors: ['eyJ'],
    goesOn: true,
    follows: 'A-Za-z0-9_.-',
    most: 250,
    pattern: /(eyJ[A-Za-z0-9_-]{8,200}\.eyJ[A-Za-z0-9_-]{16,})/y,
    entropy: 4,
    isReal: (value) => isTokenHeader(value.slice(0, value.indexOf('.'))),
  },
  {
    id: 'password-in-address',
    anchors: ['://'],
    insideWord: true,
    // As far as the host: a path may hold any of these signs.
    follows: 'A-Za-z0-9._~!$&()*+,;=:@%\\[\\]#^-',
    most: 200,
    pattern: /:\/\/[^\s:/@"'<>{}$]{0,80}:([^\s/@"'<>{}]{4,100})@(?!(?:[a-z0-9-]{1,40}\.)?example\.|host\b|hostname\b)[A-Za-z0-9[]/y,
    entropy: 2.2,
    isReal: (value, [whole]) => !COMMON_PASSWORD.test(value) && !REFERENCE.test(value) && !whole.startsWith(`://${value}:`),
  },
  {
    id: 'bearer-token',
    anchors: ['bearer '],
    anyCase: true,
    follows: 'A-Za-z0-9._~+/=-',
    most: 250,
    pattern: /bearer {1,3}([A-Za-z0-9._~+/-]{20,240}={0,2})/iy,
    entropy: 3.5,
    isReal: (value) => /\d/.test(value) && /[A-Za-z]/.test(value) && !/^[a-z]+(?:[-_./][a-z0-9]{1,12})+$/.test(value),
  },
];
