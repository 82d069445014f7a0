import { describe, expect, test } from 'vitest';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../../src/ledger/verify/checkpoint.ts';
import { EMPTY_ROOT } from '../../../src/ledger/verify/digest.ts';
import { cosignatureLine, openNote, signNote } from '../../../src/ledger/verify/note.ts';
import { formatVerifierKey, NoteError, parseVerifierKey, signerKey } from '../../../src/ledger/verify/note-key.ts';
import { newSigner } from '../support.ts';

const log = newSigner('example.com/log');
const other = newSigner('example.com/other');
const witness = newSigner('witness.example', 4);
const TEXT = 'example.com/log\n5\nnWzN20+pwMt62p7jbv1/NlN95ePTlHijabv5zO/s36w=\n';
const NOTE = signNote(TEXT, log);
const LINE = NOTE.slice(TEXT.length + 1);

function open(note: string | Buffer, keys = [log]): string {
  return openNote(Buffer.from(note), keys).text;
}

describe('a note is refused', () => {
  test.each([
    ['CRLF', NOTE.replaceAll('\n', '\r\n')],
    ['NUL', NOTE.replace('5', '5\0')],
    ['a tab', NOTE.replace('5', '5\t')],
    ['a BOM', `\ufeff${NOTE}`],
    ['hyphen for em dash', NOTE.replace('\u2014', '-')],
    ['two spaces after the dash', NOTE.replace('\u2014 ', '\u2014  ')],
    ['no last newline', NOTE.slice(0, -1)],
    ['no blank line', NOTE.replace('\n\n', '\n')],
    ['no signature', `${TEXT}\n`],
    ['nothing', ''],
    ['only newlines', '\n\n'],
    ['blank line at the end', `${NOTE}\n`],
    ['+ in a name', NOTE.replace('\u2014 example.com/log', '\u2014 example.com+log')],
    ['a space in a name', NOTE.replace('\u2014 example.com/log', '\u2014 example.com\u00a0log')],
    ['a next-line character in a name', NOTE.replace('\u2014 example.com/log', '\u2014 example.com\u0085log')],
    ['non-canonical base64', NOTE.replace(/=\n$/, '\n')],
    ['text after the signature', NOTE.replace(/\n$/, ' x\n')],
    ['a changed text', NOTE.replace('\n5\n', '\n6\n')],
    ['a signature of somebody else only', signNote(TEXT, other)],
    ['101 signatures', NOTE + LINE.repeat(100)],
    ['a good and a bad line of a known key', NOTE + signNote('another text\n', log).slice('another text\n\n'.length)],
    ['a signature that is too short', `${TEXT}\n\u2014 ${log.name} ${Buffer.from(`${log.id}aa`, 'hex').toString('base64')}\n`],
    ['a key id without a signature', `${TEXT}\n\u2014 ${log.name} ${Buffer.from(log.id, 'hex').toString('base64')}\n`],
  ])('%s', (_name, note) => {
    expect(() => open(note)).toThrow(NoteError);
  });

  test('bytes that are not UTF-8', () => {
    expect(() => open(Buffer.concat([Buffer.of(0xff), Buffer.from(NOTE)]))).toThrow(NoteError);
  });
});

describe('a note is opened', () => {
  test('with its text and its known signatures', () => {
    const two = NOTE + cosignatureLine(TEXT, witness, 1_700_000_000n);
    const { text, signatures } = openNote(Buffer.from(two), [log, witness]);
    expect(text).toBe(TEXT);
    expect(signatures.map(({ key, time }) => [key.name, time])).toEqual([
      ['example.com/log', undefined],
      ['witness.example', 1_700_000_000n],
    ]);
  });

  test('past signatures of unknown keys, also of one with a known name', () => {
    const sameName = newSigner(log.name);
    expect(open(signNote(TEXT, sameName) + LINE)).toBe(TEXT);
    expect(open(NOTE + signNote(TEXT, other).slice(TEXT.length + 1))).toBe(TEXT);
  });

  test('with 100 signatures of which each key counts once', () => {
    expect(openNote(Buffer.from(NOTE + LINE.repeat(99)), [log]).signatures).toHaveLength(1);
  });

  test('when its text holds blank lines', () => {
    const text = 'one\n\ntwo\n\n\nthree\n';
    expect(open(signNote(text, log))).toBe(text);
  });

  test('but not when its cosignature was made for another time', () => {
    const line = cosignatureLine(TEXT, witness, 1n);
    const raw = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    raw.writeBigUInt64BE(2n, 4);
    expect(openNote(Buffer.from(`${TEXT}\n${line}`), [witness]).text).toBe(TEXT);
    expect(() => openNote(Buffer.from(`${TEXT}\n\u2014 ${witness.name} ${raw.toString('base64')}\n`), [witness])).toThrow(NoteError);
  });
});

describe('verifier keys', () => {
  test.each([
    ['a changed id', formatVerifierKey(log).replace(log.id, log.id === '00000000' ? '00000001' : '00000000')],
    ['another name', formatVerifierKey(log).replace('example.com/log', 'example.com/lag')],
    ['upper-case id', formatVerifierKey(log).replace(log.id, 'ABCDEF01')],
    ['no key', `example.com/log+${log.id}+`],
    ['no name', formatVerifierKey(log).slice('example.com/log'.length)],
    ['non-canonical base64', `${formatVerifierKey(log)}=`],
    ['unknown type', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['nothing', ''],
  ])('%s is refused', (_name, text) => {
    expect(() => parseVerifierKey(text)).toThrow(NoteError);
  });

  test('are read as they are written, also with + in the base64', () => {
    for (let i = 0; i < 50; i += 1) {
      const text = formatVerifierKey(newSigner('a.example', i % 2 === 0 ? 1 : 4));
      expect(formatVerifierKey(parseVerifierKey(text))).toBe(text);
    }
  });

  test.each(['', 'a b', 'a+b', 'a\nb'])('%j cannot name a key', (name) => {
    expect(() => newSigner(name)).toThrow(NoteError);
  });

  test('another kind of key is refused', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    expect(() => signerKey('a', 1, generateKeyPairSync('x25519').privateKey)).toThrow(NoteError);
  });
});

describe('checkpoints', () => {
  const ROOT = 'nWzN20+pwMt62p7jbv1/NlN95ePTlHijabv5zO/s36w=';

  test.each([
    ['no origin', `\n5\n${ROOT}\n`],
    ['leading zero', `a\n05\n${ROOT}\n`],
    ['a sign', `a\n+5\n${ROOT}\n`],
    ['a negative size', `a\n-5\n${ROOT}\n`],
    ['hexadecimal', `a\n0x5\n${ROOT}\n`],
    ['no size', `a\n\n${ROOT}\n`],
    ['2^64', `a\n18446744073709551616\n${ROOT}\n`],
    ['a short root', 'a\n5\nAAAA\n'],
    ['a root without padding', `a\n5\n${ROOT.slice(0, -1)}\n`],
    ['a root with stray bits', `a\n5\n${ROOT.replace('w=', 'x=')}\n`],
    ['no root', 'a\n5\n'],
    ['an empty extension line', `a\n5\n${ROOT}\n\n`],
    ['no last newline', `a\n5\n${ROOT}`],
    ['nothing', ''],
  ])('%s is refused', (_name, text) => {
    expect(() => parseCheckpoint(text)).toThrow(NoteError);
  });

  test('the largest size and extension lines are read', () => {
    expect(parseCheckpoint(`a\n18446744073709551615\n${ROOT}\nx\ny\n`)).toMatchObject({ origin: 'a', size: 2n ** 64n - 1n, extensions: ['x', 'y'] });
  });

  test('are read as they are written', () => {
    const text = formatCheckpoint('example.com/log', 0n, EMPTY_ROOT);
    expect(text).toBe('example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');
    expect(openCheckpoint(Buffer.from(signNote(text, log)), log)).toEqual({ origin: 'example.com/log', size: 0n, root: EMPTY_ROOT, extensions: [] });
  });

  test('one of another origin is refused, though the key is right', () => {
    expect(() => openCheckpoint(Buffer.from(signNote(`b\n0\n${ROOT}\n`, log)), log)).toThrow(/of b, not of/);
  });
});
