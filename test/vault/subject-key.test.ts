import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { contentDigest, openPersonal, sealPersonal, startContentDigest } from '../../src/vault/personal.ts';
import { newSubjectKey, unwrapSubjectKey, wrapSubjectKey } from '../../src/vault/subject-key.ts';

const master = randomBytes(32);

describe('subject keys', () => {
  test('a wrapped key opens for its subject only', () => {
    const key = newSubjectKey();
    const wrapped = wrapSubjectKey(master, key, 'sub_a');
    expect(unwrapSubjectKey(master, wrapped, 'sub_a')).toEqual(key);
    expect(() => unwrapSubjectKey(master, wrapped, 'sub_b')).toThrow(/does not open/);
    expect(() => unwrapSubjectKey(randomBytes(32), wrapped, 'sub_a')).toThrow(/does not open/);
    expect(() => unwrapSubjectKey(master, wrapped.slice(0, 40), 'sub_a')).toThrow(/bytes/);
  });

  test('every flipped bit of a wrapped key is noticed', () => {
    const bytes = Buffer.from(wrapSubjectKey(master, newSubjectKey(), 's'), 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => unwrapSubjectKey(master, flipped.toString('base64'), 's')).toThrow();
    }
  });
});

describe('personal fields', () => {
  test('open with the key and with no other', () => {
    const key = newSubjectKey();
    const sealed = sealPersonal(key, { address: '10.1.2.3', user: 'Grüße' });
    expect(sealed).not.toContain('10.1.2.3');
    expect(openPersonal(key, sealed)).toEqual({ address: '10.1.2.3', user: 'Grüße' });
    expect(openPersonal(newSubjectKey(), sealed)).toBeUndefined();
    expect(openPersonal(key, 'short')).toBeUndefined();
    expect(sealPersonal(key, { a: 'b' })).not.toBe(sealPersonal(key, { a: 'b' }));
  });

  test('a digest depends on the subject and not on how the bytes arrive', () => {
    const [a, b] = [newSubjectKey(), newSubjectKey()];
    const bytes = Buffer.from('the same words');
    expect(contentDigest(a, bytes)).not.toBe(contentDigest(b, bytes));
    const parts = startContentDigest(a);
    parts.update(bytes.subarray(0, 5));
    parts.update(bytes.subarray(5));
    expect(parts.digest()).toBe(contentDigest(a, bytes));
  });
});
