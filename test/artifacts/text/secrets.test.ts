import { describe, expect, it } from 'vitest';
import { findSecrets, isSecretValue } from '../../../src/artifacts/text/secrets.ts';

// Put together here, so that scanners of this repository find nothing.
const join = (...parts: readonly string[]): string => parts.join('');
const RANDOM = 'Zq81Lm0Xw7Rt5Vb3Kp9Yc2Nd6Hf4Js1Gu8Te';

describe('credentials in a text', () => {
  it.each([
    join('hf_', RANDOM.slice(0, 34)),
    join('ghp_', RANDOM),
    join('AK', 'IAQW3RTY7UIOP5ASDF'),
    join('AIza', RANDOM.slice(0, 35)),
    join('-----BEGIN RSA ', 'PRIVATE KEY-----\n', 'MIIEowIBAAKCAQEA0Zq81Lm0Xw7Rt5Vb3Kp9Yc2Nd6Hf4Js1'),
    join('postgres://model:', 'q7Zr0pLw93@db.internal/x'),
  ])('are known by their form in documents too: %s', (secret) => {
    expect(findSecrets(`see ${secret} here`, 'document')).toHaveLength(1);
  });

  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'postgres://user:password@localhost',
    '-----BEGIN PRIVATE KEY-----',
    'sha256:' + 'a3f1'.repeat(16),
  ])('are none in documents: %s', (text) => {
    expect(findSecrets(`use ${text} for`, 'document')).toEqual([]);
  });

  it('are known by what their name says in data', () => {
    expect(findSecrets(`api_key = "${RANDOM}"`, 'data').map(({ detail }) => detail)).toEqual(['the value of api_key']);
    expect(findSecrets(`api_key = "${RANDOM}"`, 'document')).toEqual([]);
  });

  it.each([
    ['api_key', RANDOM, true],
    ['wandb_api_key', '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567'.replace('1234567', '7f3c9be'), true],
    ['eos_token', RANDOM, false],
    ['sha256', 'a3f1c2d4'.repeat(8), false],
    ['api_key', 'your-api-key-goes-here', false],
    ['password', '${DATABASE_PASSWORD}', false],
    ['secret', 'aaaaaaaaaaaaaaaaaaaa', false],
    ['access_token', 'none of your business', false],
    ['client_secret', 'ThisIsJustSomeWords', false],
  ])('%s with %s: %s', (name, value, expected) => {
    expect(isSecretValue(name, value)).toBe(expected);
  });
});
