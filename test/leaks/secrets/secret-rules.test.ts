import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { hasAwsAccount } from '../../../src/leaks/secrets/checksums.ts';
import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import { type Leak, TextScan } from '../../../src/leaks/stream/text-scan.ts';
import { TextState } from '../../../src/leaks/stream/text-state.ts';
import { drawn, MADE_SECRETS } from './made-secrets.ts';

const table = compileInspection([], SECRET_RULES);

function leaksIn(pieces: readonly string[]): readonly Leak[] {
  const leaks: Leak[] = [];
  const scan = new TextScan(table, (leak) => leaks.push(leak));
  const state = new TextState('0', 'content');
  for (const piece of pieces) scan.read(state, Buffer.from(piece), 0, Buffer.byteLength(piece));
  scan.finish(state);
  expect(scan.holdStart(state)).toBe(-1);
  return leaks;
}

const idsIn = (text: string): readonly string[] => leaksIn([text]).map(({ id }) => id);

test('every rule has a credential that it finds', () => {
  expect(new Set(MADE_SECRETS.map(([id]) => id))).toEqual(new Set(SECRET_RULES.map(({ id }) => id)));
});

test.each(MADE_SECRETS)('%s, %s: found in words, at the end, quoted, in one piece and in single characters', (id, _, make) => {
  for (const seed of ['one', 'two', 'three']) {
    const secret = make(seed);
    for (const text of [`It is ${secret} as you asked.`, secret, `{"value":"${secret}"}`, `Schlüssel: ${secret}\n`]) {
      for (const pieces of [[text], Array.from(text), [text.slice(0, 20), text.slice(20)]]) {
        const found = leaksIn(pieces).map((leak) => [leak.id, leak.kind]);
        expect(found).toContainEqual([id, 'secret']);
      }
    }
  }
});

test('found after any length of text before it, in pieces of any size', () => {
  const token = MADE_SECRETS.find(([id]) => id === 'signed-web-token')?.[2]('late') ?? '';
  for (let before = 0; before < 700; before += 13) {
    const text = `${'- '.repeat(before)}${token} .`;
    for (const size of [1, 5, 60]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
      expect(leaksIn(pieces).map(({ id }) => id)).toEqual(['signed-web-token']);
    }
  }
});

test('a leak tells where the credential stands', () => {
  const secret = `ghp_${MADE_SECRETS.find(([id]) => id === 'github-token')?.[2]('place').slice(4) ?? ''}`;
  expect(leaksIn([`Für Sie: ${secret.slice(0, 9)}`, `${secret.slice(9)} .`])).toEqual([
    { kind: 'secret', id: 'github-token', choice: '0', field: 'content', offset: 10, length: 40, whole: true },
  ]);
});

test.each([
  ['an example of a vendor', 'AKIAIOSFODNN7EXAMPLE'],
  ['another', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
  ['a published test key', 'sk_test_4eC39HqLyjWDarjtT1zdp7dc'],
  ['the key of an emulator', 'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='],
  [
    'the token of a web site about tokens',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c',
  ],
  ['a wrong checksum', `ghp_${drawn('checksum', 36)}`],
  ['a wrong checksum of npm', `npm_${drawn('checksum', 36)}`],
  ['a symbol that base 32 does not have', 'AKIAQA01890189018901'],
  ['too long', `AKIAQA${drawn('long', 14, 'ABCDEFGH234567')}A`],
  ['too short', `AIza${drawn('short', 34)}`],
  ['inside of a word', `xAKIAQA${drawn('word', 14, 'ABCDEFGH234567')}`],
  ['placeholders', 'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  ['one character over and over', 'hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['words with hyphens', 'a risk-free task-force with sk-learn and disk-usage-of-all-the-many-models-that-we-have'],
  ['a header without a key', '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----'],
  ['a certificate', `-----BEGIN CERTIFICATE-----\n${drawn('certificate', 64)}\n-----END CERTIFICATE-----`],
  ['a public key', `-----BEGIN PUBLIC KEY-----\n${drawn('public', 64)}\n-----END PUBLIC KEY-----`],
  ['bearer without a token', 'Authorization: Bearer <token>, Bearer YOUR_API_KEY_1234567890123, Bearer $TOKEN; the bearer of this letter'],
  ['bearer of words', 'bearer some-very-long-hyphenated-example2-value'],
  ['an address without a password', 'https://service@db.internal:5432/app and https://a.example.com:8080/x@y:z and http://[::1]:80/'],
  ['a common password', 'postgres://postgres:postgres@localhost:5432/app mysql://root:password@db redis://user:${PASSWORD}@host'],
  ['the address of an example', `https://user:${drawn('host', 16)}@www.example.com/`],
  ['two dots that are no token', 'eyJust.kidding.here and eyJhIjoxfQ.eyJhIjoxfQ.x'],
  ['nothing behind the name', 'set aws_secret_access_key to the value that your administrator has given to you, and AccountKey=...'],
])('%s is no credential', (_, text) => {
  expect(idsIn(text)).toEqual([]);
  expect(leaksIn(Array.from(text)).map(({ id }) => id)).toEqual([]);
});

test('an account that no one can have is no access key; keys from before 2019 name none', () => {
  expect(hasAwsAccount('QNZGKIQY56JQ7WML')).toBe(true);
  expect(hasAwsAccount('7777777777777777')).toBe(false);
  expect(hasAwsAccount('IOSFODNN7AAAAAAA')).toBe(true);
});

test('nothing behind an anchor leaves before it is judged', () => {
  for (const [id, , make] of MADE_SECRETS) {
    const secret = make('held');
    const leaks: Leak[] = [];
    const scan = new TextScan(table, (leak) => leaks.push(leak));
    const state = new TextState('0', 'content');
    let free = 0;
    for (const character of `So: ${secret} .`) {
      scan.read(state, Buffer.from(character), 0, 1);
      if (leaks.some((leak) => leak.id === id)) break;
      const hold = scan.holdStart(state);
      free = hold < 0 ? state.length : Math.max(free, hold);
    }
    scan.finish(state);
    const { offset = 0, length = 0 } = leaks.find((leak) => leak.id === id) ?? {};
    const rule = SECRET_RULES.find((one) => one.id === id);
    const longest = Math.max(...(rule?.anchors ?? []).map((anchor) => anchor.length)) + (rule?.lead ?? 0);
    expect({ id, length: length > 0, free: free - offset <= longest }).toEqual({ id, length: true, free: true });
  }
});

test('in documents and source code of this project the one private key is found, that of a test vector, and nothing else', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const files = ['docs', 'src', 'runbooks'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.(?:ts|md)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap((file) => idsIn(readFileSync(file, 'utf8')).map((id) => `${relative(root, file)}: ${id}`))).toEqual([
    'docs/formats/approval.md: private-key',
  ]);
});

test('anchors over and over cost bounded work', () => {
  for (const text of ['eyJ', 'sk-', '://', 'Q~', 'bearer ', 'PRIVATE KEY-----', 'a8.1Q~']) expect(idsIn(text.repeat(3000))).toEqual([]);
});
