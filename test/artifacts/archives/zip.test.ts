import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeZip, type MadeMember, type MadeZip } from './make-zip.ts';
import { PAYLOAD } from './payload-reader.ts';
import { noise, rulesOf, scanBytes } from './scan-bytes.ts';

const clean: MadeMember = { name: 'archive/notes', data: Buffer.from('some plain text') };
const evil: MadeMember = { name: 'archive/data', data: PAYLOAD };

interface Trick {
  readonly what: string;
  readonly members: readonly MadeMember[];
  readonly zip?: MadeZip;
  readonly rules: readonly string[];
}

const tricks: readonly Trick[] = [
  { what: 'nothing special', members: [evil], rules: [] },
  { what: 'a deflated member', members: [{ ...evil, deflated: true }], rules: [] },
  { what: 'a data descriptor', members: [{ ...evil, descriptor: true }, clean], rules: [] },
  { what: 'another name in the local header', members: [{ ...evil, local: { name: 'archive/dat_' } }], rules: ['zip-name-mismatch'] },
  { what: 'the encryption bit in the local header', members: [{ ...evil, local: { flags: 1 } }], rules: ['zip-flag-bits'] },
  { what: 'the encryption bit in both headers of plain data', members: [{ ...evil, local: { flags: 1 }, central: { flags: 1 } }], rules: ['zip-flag-bits'] },
  { what: 'the patch bit in the directory', members: [{ ...evil, central: { flags: 0x20 } }], rules: ['zip-flag-bits'] },
  { what: 'a checksum of zero in the directory', members: [{ ...evil, central: { crc: 0 } }], rules: ['zip-bad-crc'] },
  { what: 'a wrong checksum of a deflated member', members: [{ ...evil, deflated: true, local: { crc: 7 }, central: { crc: 7 } }], rules: ['zip-bad-crc'] },
  { what: 'sizes of zero in the directory', members: [{ ...evil, central: { packed: 0, size: 0 } }], rules: ['zip-size-mismatch'] },
  { what: 'sizes of zero in the local header', members: [{ ...evil, local: { packed: 0, size: 0 } }], rules: ['zip-size-mismatch'] },
  {
    what: 'an unpacked size that is too small',
    members: [{ ...evil, deflated: true, local: { size: 3 }, central: { size: 3 } }],
    rules: ['zip-size-mismatch'],
  },
  { what: 'deflate in the local header of stored data', members: [{ ...evil, local: { method: 8 } }], rules: ['zip-method-mismatch'] },
  { what: 'stored in the directory for deflated data', members: [{ ...evil, deflated: true, central: { method: 0 } }], rules: ['zip-method-mismatch'] },
  { what: 'a method that nobody knows', members: [{ ...evil, local: { method: 77 }, central: { method: 77 } }], rules: ['zip-method-mismatch'] },
  { what: 'one name twice', members: [{ ...clean, name: evil.name }, evil], rules: ['archive-duplicate-name'] },
  { what: 'one name twice, spelled differently', members: [{ ...clean, name: `./${evil.name}` }, evil], rules: ['archive-duplicate-name'] },
  { what: 'a member that the directory does not list', members: [clean, { ...evil, hidden: true }], rules: ['zip-hidden-entry'] },
  { what: 'a deflated member that the directory does not list', members: [{ ...evil, hidden: true, deflated: true }, clean], rules: ['zip-hidden-entry'] },
  { what: 'an end record in the comment', members: [evil], zip: { comment: makeZip([]) }, rules: ['zip-several-archives'] },
  { what: 'an archive in the comment', members: [clean], zip: { comment: makeZip([evil]) }, rules: ['zip-several-archives'] },
  { what: 'an archive in front', members: [clean], zip: { prefix: makeZip([evil]) }, rules: ['zip-several-archives'] },
  { what: 'an archive behind', members: [evil], zip: { suffix: makeZip([clean]) }, rules: ['zip-several-archives'] },
  { what: 'bytes in front', members: [evil], zip: { prefix: Buffer.from('#!/bin/sh\nexit\n') }, rules: ['zip-bytes-outside'] },
  { what: 'bytes between members', members: [{ ...clean, gap: Buffer.from('left over') }, evil], rules: ['zip-bytes-outside'] },
  { what: 'another count of entries', members: [clean, evil], zip: { entries: 1 }, rules: ['zip-end-record'] },
  { what: 'a name that leaves the folder', members: [{ ...evil, name: '../../data' }], rules: ['archive-path-traversal'] },
  { what: 'a name of Windows', members: [{ ...evil, name: '..\\data' }], rules: ['archive-path-traversal'] },
  { what: 'an absolute name', members: [{ ...evil, name: '/etc/cron.d/data' }], rules: ['archive-path-traversal'] },
  { what: 'a symbolic link', members: [{ ...evil, central: { attributes: 0xa1ff0000 } }], rules: ['archive-link'] },
];

describe('zip', () => {
  it.each(tricks)('sees the payload whatever the archive does: $what', async ({ members, zip, rules }) => {
    const report = await scanBytes(makeZip(members, zip), 'model.zip');
    expect(rulesOf(report)).toEqual(expect.arrayContaining(['test-payload', ...rules]));
    expect(report.verdict).toBe('malicious');
  });

  it.each(tricks.filter(({ rules }) => rules.length > 0))('alarms without a payload as well: $what', async ({ members, zip, rules }) => {
    const harmless = members.map((member) => ({ ...member, data: Buffer.from('harmless text, harmless text') }));
    const report = await scanBytes(makeZip(harmless, zip), 'model.zip');
    expect(rulesOf(report)).toEqual(expect.arrayContaining([...rules]));
  });

  it('has nothing to say about ordinary archives, a comment included', async () => {
    const members = [
      clean,
      { ...clean, name: 'b', deflated: true },
      { ...clean, name: 'c', descriptor: true },
      { ...clean, name: 'folder/', data: Buffer.alloc(0) },
    ];
    const report = await scanBytes(makeZip(members, { comment: Buffer.from('made by a test') }), 'model.zip');
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe('clean');
    expect(report.coverage.checked.map(({ check }) => check)).toContain('zip checksums');
  });

  it('reads what a broken deflate stream gives before it breaks', async () => {
    const zip = makeZip([{ ...evil, data: Buffer.concat([PAYLOAD, Buffer.from(noise(4000).toString('hex'))]), deflated: true }]);
    const middle = zip.indexOf('archive/data') + 12 + 1500;
    zip.fill(0xff, middle, middle + 1500);
    expect(rulesOf(await scanBytes(zip, 'model.zip'))).toEqual(expect.arrayContaining(['archive-broken-member', 'test-payload']));
  });

  it('stops at a ratio that only bombs have, and reads what came before', async () => {
    const report = await scanBytes(makeZip([{ name: 'zeros', data: Buffer.alloc(32 * 1024 * 1024), deflated: true }]), 'model.zip');
    expect(rulesOf(report)).toContain('scan-unpack-ratio');
    expect(report.verdict).toBe('suspicious');
  });

  it('calls an encrypted member unread, not clean', async () => {
    const data = Buffer.alloc(40, 0x5c);
    const report = await scanBytes(makeZip([{ name: 'x', data, local: { flags: 1, size: 28 }, central: { flags: 1, size: 28 } }]), 'model.zip');
    expect(rulesOf(report)).toContain('archive-encrypted');
    expect(report.coverage.notChecked).toContainEqual(expect.objectContaining({ reason: 'encrypted' }));
  });

  it('reports source code, and the more so what it calls', async () => {
    const plain = await scanBytes(makeZip([{ name: 'm/code/run.py', data: Buffer.from('print("hello")\n') }]), 'model.zip');
    expect(rulesOf(plain)).toEqual(['archive-source-code']);
    const dangerous = await scanBytes(makeZip([{ name: 'm/code/run.py', data: Buffer.from('import os\nos.system("id")\n') }]), 'model.zip');
    expect(rulesOf(dangerous)).toEqual(['archive-dangerous-source']);
  });

  it('calls an archive without members malformed when its name promises a model', async () => {
    expect((await scanBytes(makeZip([]), 'model.pt')).verdict).toBe('malformed');
    expect((await scanBytes(makeZip([]), 'empty.zip')).verdict).toBe('clean');
  });

  it('never breaks and never calls clean what has lost a byte of its end', async () => {
    const zip = makeZip([clean, evil]);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5, max: zip.length - 1 }), async (length) => {
        const report = await scanBytes(zip.subarray(0, length), 'model.pt');
        expect(report.verdict).not.toBe('clean');
        expect(rulesOf(report)).not.toContain('scan-reader-failed');
      }),
      { numRuns: 60 },
    );
  });

  it('never breaks on changed bytes', async () => {
    const zip = makeZip([clean, { ...evil, deflated: true }, { ...clean, name: 'd', descriptor: true }], { comment: Buffer.from('text') });
    const change = fc.tuple(fc.nat(zip.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(zip);
        for (const [at, value] of changes) bytes[at] = value;
        expect(rulesOf(await scanBytes(bytes, 'model.zip'))).not.toContain('scan-reader-failed');
      }),
      { numRuns: 200 },
    );
  });
});
