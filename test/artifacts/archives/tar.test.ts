import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTar, paxRecord, type MadeTarMember } from './make-tar.ts';
import { makeZip } from './make-zip.ts';
import { PAYLOAD } from './payload-reader.ts';
import { rulesOf, scanBytes } from './scan-bytes.ts';

const clean: MadeTarMember = { name: 'model/notes', data: Buffer.from('plain text') };
const evil: MadeTarMember = { name: 'model/data', data: PAYLOAD };

describe('tar', () => {
  const tricks: readonly { readonly what: string; readonly members: readonly MadeTarMember[]; readonly rules: readonly string[] }[] = [
    { what: 'a name that leaves the folder', members: [{ ...evil, name: '../../data' }], rules: ['archive-path-traversal'] },
    { what: 'an absolute name', members: [{ ...evil, name: '/etc/data' }], rules: ['archive-path-traversal'] },
    {
      what: 'a long GNU name that leaves the folder',
      members: [{ name: '././@LongLink', type: 'L', data: Buffer.from(`${'a/'.repeat(80)}../data\0`) }, evil],
      rules: ['archive-path-traversal'],
    },
    {
      what: 'a pax name that leaves the folder',
      members: [{ name: 'pax', type: 'x', data: paxRecord('path', '../../data') }, evil],
      rules: ['archive-path-traversal'],
    },
    {
      what: 'two extended names',
      members: [{ name: 'pax', type: 'x', data: paxRecord('path', 'one') }, { name: 'long', type: 'L', data: Buffer.from('two\0') }, evil],
      rules: ['tar-names-differ'],
    },
    { what: 'a link out of the folder', members: [{ name: 'model/link', type: '2', link: '../../etc' }, evil], rules: ['archive-link'] },
    { what: 'an absolute link', members: [{ name: 'model/link', type: '2', link: '/etc' }, evil], rules: ['archive-link'] },
    { what: 'a hard link out of the folder', members: [{ name: 'model/link', type: '1', link: '../x' }, evil], rules: ['archive-link'] },
    { what: 'a device', members: [{ name: 'model/device', type: '3' }, evil], rules: ['archive-link'] },
    {
      what: 'a write through a link',
      members: [
        { name: 'model/link', type: '2', link: 'other' },
        { ...evil, name: 'model/link/data' },
      ],
      rules: ['tar-write-through-link'],
    },
    { what: 'one name twice', members: [{ ...clean, name: evil.name }, evil], rules: ['archive-duplicate-name'] },
    { what: 'an unknown type', members: [{ ...evil, type: 'Q' }], rules: [] },
    { what: 'a size beyond the end', members: [{ ...evil, size: 100_000 }], rules: ['tar-truncated'] },
  ];

  it.each(tricks)('sees the payload and the trick: $what', async ({ members, rules }) => {
    expect(rulesOf(await scanBytes(makeTar(members), 'model.tar'))).toEqual(expect.arrayContaining(['test-payload', ...rules]));
  });

  it('has nothing to say about ordinary archives with a link inside', async () => {
    const report = await scanBytes(makeTar([clean, { name: 'model/link', type: '2', link: 'notes' }, { name: 'model/', type: '5' }]), 'model.tar');
    expect(report.findings).toEqual([]);
    expect(report.formats).toEqual(['tar']);
  });

  it('takes size and name from a pax header', async () => {
    const tar = makeTar([
      { name: 'pax', type: 'x', data: Buffer.concat([paxRecord('path', 'model/named'), paxRecord('size', String(PAYLOAD.length))]) },
      { ...evil, size: 0 },
    ]);
    const report = await scanBytes(tar, 'model.tar');
    expect(report.findings.map(({ path }) => path)).toContainEqual(['model.tar', 'model/named']);
  });

  it('goes on behind the end of the archive', async () => {
    const tar = Buffer.concat([makeTar([clean]), makeTar([evil])]);
    expect(rulesOf(await scanBytes(tar, 'model.tar'))).toEqual(expect.arrayContaining(['tar-bytes-behind', 'test-payload']));
  });

  it('calls a broken header malformed, not the end', async () => {
    const tar = makeTar([clean, evil]);
    tar[1024 + 3] = 0x41;
    expect((await scanBytes(tar, 'model.tar')).verdict).toBe('malformed');
  });

  it('leaves a zip that is its last member to the member', async () => {
    const report = await scanBytes(makeTar([clean, { name: 'model/inner.zip', data: makeZip([{ name: 'x', data: PAYLOAD }]) }]), 'model.tar');
    expect(report.findings.map(({ path }) => path)).toEqual([['model.tar', 'model/inner.zip', 'x']]);
  });

  it('never breaks on changed bytes', async () => {
    const tar = makeTar([{ name: 'pax', type: 'x', data: paxRecord('path', 'named') }, clean, evil]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(tar);
        for (const [at, value] of changes) bytes[at] = value;
        expect(rulesOf(await scanBytes(bytes, 'model.tar'))).not.toContain('scan-reader-failed');
      }),
      { numRuns: 200 },
    );
  });
});
