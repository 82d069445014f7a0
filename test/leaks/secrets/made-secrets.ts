import { createHash } from 'node:crypto';
import { crcDigits } from '../../../src/leaks/secrets/checksums.ts';

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const BASE62 = DIGITS + UPPER + LOWER;
const BASE32 = `${UPPER}234567`;
const HEX = `${DIGITS}abcdef`;

/** Characters of an alphabet, the same for the same seed. */
export function drawn(seed: string, length: number, alphabet = BASE62): string {
  let text = '';
  for (let block = 0; text.length < length; block += 1) {
    for (const byte of createHash('sha256')
      .update(`${seed} ${String(block)}`)
      .digest())
      if (byte < 256 - (256 % alphabet.length)) text += alphabet.charAt(byte % alphabet.length);
  }
  return text.slice(0, length);
}

const checked = (seed: string): string => drawn(seed, 30) + crcDigits(drawn(seed, 30));
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const pem = (seed: string, newline: string, kind = '', headers = ''): string =>
  [
    `-----BEGIN ${kind}PRIVATE KEY-----`,
    ...(headers === '' ? [] : [headers, '']),
    drawn(seed, 64),
    drawn(`${seed}2`, 64),
    `-----END ${kind}PRIVATE KEY-----`,
  ].join(newline);

/** Credentials that no one has, in all forms that the rules know. */
export const MADE_SECRETS: readonly (readonly [id: string, form: string, make: (seed: string) => string])[] = [
  // Q is the first symbol with the first bit set; with A behind it the number is one that an account can have.
  ['aws-access-key-id', 'with an account', (seed) => `AKIAQA${drawn(seed, 14, BASE32)}`],
  ['aws-access-key-id', 'from before 2019', (seed) => `ASIAI${drawn(seed, 15, BASE32)}`],
  ['aws-secret-access-key', 'of an environment', (seed) => `AWS_SECRET_ACCESS_KEY=${drawn(seed, 37)}/+9`],
  ['aws-secret-access-key', 'of JSON', (seed) => `"secretAccessKey": "${drawn(seed, 39)}7"`],
  ['gcp-api-key', 'one', (seed) => `AIza${drawn(seed, 35)}`],
  ['gcp-oauth-client-secret', 'one', (seed) => `GOCSPX-${drawn(seed, 28)}`],
  ['gcp-access-token', 'one', (seed) => `ya29.a0${drawn(seed, 120)}`],
  [
    'azure-account-key',
    'of a connection string',
    (seed) => `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${drawn(seed, 86)}==;EndpointSuffix=core.windows.net`,
  ],
  ['azure-account-key', 'of a service bus', (seed) => `SharedAccessKeyName=Root;SharedAccessKey=${drawn(seed, 43)}=`],
  ['azure-client-secret', 'one', (seed) => `${drawn(seed, 3)}8Q~${drawn(`${seed}b`, 34)}`],
  ['azure-signed-address', 'one', (seed) => `https://a.blob.core.windows.net/c?sv=2024&sig=${drawn(seed, 43)}%3D`],
  ['digitalocean-token', 'one', (seed) => `dop_v1_${drawn(seed, 64, HEX)}`],
  ['databricks-token', 'one', (seed) => `dapi${drawn(seed, 32, HEX)}-2`],
  ['github-token', 'classic', (seed) => `ghp_${checked(seed)}`],
  ['github-token', 'of a server', (seed) => `ghs_${checked(seed)}`],
  ['github-fine-grained-token', 'one', (seed) => `github_pat_${drawn(seed, 22)}_${drawn(`${seed}b`, 59)}`],
  ['gitlab-token', 'personal', (seed) => `glpat-7${drawn(seed, 19)}`],
  ['gitlab-token', 'of an agent', (seed) => `glagent-7${drawn(seed, 49)}`],
  ['gitlab-token', 'routable', (seed) => `glpat-7${drawn(seed, 26)}.01.0z0${drawn(seed, 5)}`],
  ['npm-token', 'one', (seed) => `npm_${checked(seed)}`],
  ['pypi-token', 'one', (seed) => `pypi-AgEIcHlwaS5vcmc${drawn(seed, 150)}`],
  ['slack-token', 'of a bot', (seed) => `xoxb-${drawn(seed, 12, DIGITS)}-${drawn(`${seed}b`, 12, DIGITS)}-${drawn(seed, 24)}`],
  ['slack-app-token', 'one', (seed) => `xapp-1-A${drawn(seed, 10, UPPER)}-${drawn(seed, 13, DIGITS)}-${drawn(seed, 64, HEX)}`],
  ['slack-webhook', 'one', (seed) => `https://hooks.slack.com/services/T${drawn(seed, 8, UPPER)}/B${drawn(`${seed}b`, 10, UPPER)}/${drawn(seed, 24)}`],
  ['stripe-key', 'live', (seed) => `sk_live_${drawn(seed, 24)}`],
  ['stripe-key', 'restricted', (seed) => `rk_test_${drawn(seed, 99)}`],
  ['stripe-webhook-secret', 'one', (seed) => `whsec_${drawn(seed, 32)}`],
  ['anthropic-key', 'one', (seed) => `sk-ant-api03-${drawn(seed, 93)}AA`],
  ['openai-key', 'of a project', (seed) => `sk-proj-${drawn(seed, 74)}T3BlbkFJ${drawn(`${seed}b`, 74)}`],
  ['openai-key', 'legacy', (seed) => `sk-${drawn(seed, 20)}T3BlbkFJ${drawn(`${seed}b`, 20)}`],
  ['hugging-face-token', 'one', (seed) => `hf_${drawn(seed, 34, UPPER + LOWER)}`],
  ['model-provider-key', 'of Groq', (seed) => `gsk_${drawn(seed, 52)}`],
  ['model-provider-key', 'of OpenRouter', (seed) => `sk-or-v1-${drawn(seed, 64, HEX)}`],
  ['sendgrid-key', 'one', (seed) => `SG.${drawn(seed, 22)}.${drawn(`${seed}b`, 43)}`],
  ['docker-token', 'one', (seed) => `dckr_pat_${drawn(seed, 27)}`],
  ['vault-token', 'one', (seed) => `hvs.CAES${drawn(seed, 90)}`],
  ['shopify-token', 'one', (seed) => `shpat_${drawn(seed, 32, HEX)}`],
  ['private-key', 'PKCS 8', (seed) => pem(seed, '\n')],
  ['private-key', 'RSA, encrypted', (seed) => pem(seed, '\n', 'RSA ', `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${drawn(seed, 32, HEX)}`)],
  ['private-key', 'in JSON', (seed) => `{"private_key":"${pem(seed, '\\n')}"}`],
  ['age-secret-key', 'one', (seed) => `AGE-SECRET-KEY-1${drawn(seed, 58, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')}`],
  [
    'signed-web-token',
    'one',
    (seed) => `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: drawn(seed, 12), iat: 1_795_824_000 })}.${drawn(seed, 43)}`,
  ],
  ['password-in-address', 'of a database', (seed) => `postgres://service:${drawn(seed, 16)}@db.internal:5432/app`],
  ['password-in-address', 'of a web server', (seed) => `https://deploy:${drawn(seed, 20)}@git.internal/x.git`],
  ['bearer-token', 'of a header', (seed) => `Authorization: Bearer 4${drawn(seed, 39)}`],
];
