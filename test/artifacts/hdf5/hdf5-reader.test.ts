import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { HDF5_READER } from '../../../src/artifacts/hdf5/hdf5-reader.ts';
import { scanWith } from '../safetensors/support.ts';
import { linkMessage, makeHdf5, objectHeader, textAttribute } from './make-hdf5.ts';

const scan = (bytes: Buffer, name = 'model.h5') => scanWith(HDF5_READER, bytes, name);
const idsOf = async (bytes: Buffer): Promise<string[]> => (await scan(bytes)).ids;
const external = linkMessage('out', { type: 64, value: Buffer.from('\0/etc/passwd\0/x\0') });
const LAMBDA = JSON.stringify({ class_name: 'Lambda', config: { function: ['4wAAAAAAAAAAAAAAAAAA', null, null], function_type: 'lambda' } });

describe('an HDF5 file', () => {
  it.each([
    ['nothing in it', makeHdf5({})],
    ['numbers', makeHdf5({ data: Buffer.alloc(64, 7) })],
    [
      'layers of Keras',
      makeHdf5({ messages: [textAttribute('model_config', '{"class_name":"Sequential","config":[]}'), textAttribute('backend', 'tensorflow')] }),
    ],
    ['a soft link and one that leads back', makeHdf5({ messages: [linkMessage('a', { type: 1, value: Buffer.from('/b') }), linkMessage('root', 4096)] })],
    ['a block of the user in front', makeHdf5({ userBlock: 512 })],
    ['a signature and zeros', Buffer.concat([Buffer.from('894844460d0a1a0a', 'hex'), Buffer.alloc(88)])],
  ])('with %s has no finding', async (_, bytes) => {
    expect(await idsOf(bytes)).toEqual([]);
  });

  it('with an external link is suspicious, and says which file it is', async () => {
    const { findings } = await scan(makeHdf5({ messages: [external] }));
    expect(findings.map(({ rule, detail }) => [rule.id, detail])).toEqual([['hdf5-external-link', '/: out is /x of /etc/passwd']]);
  });

  it('with values in another file is suspicious, even where its name cannot be read', async () => {
    const bytes = makeHdf5({ externalStorage: '/etc/hostname' });
    const { findings } = await scan(bytes);
    expect(findings.map(({ rule, detail }) => [rule.id, detail])).toEqual([['hdf5-external-storage', '/set: /etc/hostname']]);
    const broken = Buffer.from(bytes);
    broken.write('XXXX', 2048);
    expect(await idsOf(broken)).toEqual(['hdf5-unreadable', 'hdf5-external-storage']);
  });

  it('with a virtual data set or a link of an unknown kind is suspicious', async () => {
    const layout = { type: 8, data: Buffer.concat([Buffer.from([4, 3]), Buffer.alloc(8, 0xff), Buffer.alloc(4)]) };
    expect(await idsOf(makeHdf5({ messages: [layout] }))).toEqual(['hdf5-virtual-dataset']);
    expect(await idsOf(makeHdf5({ messages: [linkMessage('u', { type: 77, value: Buffer.from('x') })] }))).toEqual(['hdf5-user-defined-link']);
  });

  it('with a Lambda among its layers is malicious', async () => {
    expect(await idsOf(makeHdf5({ messages: [textAttribute('model_config', LAMBDA)] }))).toContain('keras-lambda-bytecode');
    expect(await idsOf(makeHdf5({ messages: [textAttribute('other_name', LAMBDA)] }))).toContain('keras-lambda-bytecode');
  });

  it('with layers that are no JSON is malformed, with code in an attribute suspicious', async () => {
    expect(await idsOf(makeHdf5({ messages: [textAttribute('model_config', '{"class_name":')] }))).toEqual(['keras-config-unreadable']);
    expect(await idsOf(makeHdf5({ messages: [textAttribute('note', "__import__('os').system('id')")] }))).toEqual(['hdf5-attribute-code']);
  });

  it('with a pickle for values is suspicious, and the pickle is scanned', async () => {
    const { ids, inside } = await scan(makeHdf5({ data: Buffer.from('\x80\x02cposix\nsystem\nq\0.', 'latin1') }));
    expect(ids).toEqual(['hdf5-embedded']);
    expect(inside).toMatchObject([{ how: 'constant' }]);
  });

  it('with something behind its end is suspicious, and that is scanned', async () => {
    const { ids, inside } = await scan(Buffer.concat([makeHdf5({}), Buffer.from('more')]));
    expect(ids).toEqual(['hdf5-trailing-bytes']);
    expect(inside).toMatchObject([{ how: 'behind', size: 4 }]);
  });

  it.each([
    ['is longer than it is', makeHdf5({ statedEnd: 10_000 })],
    ['has a superblock of version 9', Buffer.from(makeHdf5({})).fill(9, 8, 9)],
    ['has addresses of 3 bytes', Buffer.from(makeHdf5({})).fill(3, 9, 10)],
    ['has no root group', Buffer.from(makeHdf5({})).fill(0, 4096)],
    ['has a link out of the file', makeHdf5({ messages: [linkMessage('far', 2 ** 40)] })],
    [
      'continues in itself',
      makeHdf5({ messages: [{ type: 16, data: Buffer.concat([Buffer.from([10, 16, 0, 0, 0, 0, 0, 0]), Buffer.from([50, 0, 0, 0, 0, 0, 0, 0])]) }] }),
    ],
    ['has a message beyond its header', Buffer.from(makeHdf5({ messages: [external] })).fill(0xff, 4096 + 11, 4096 + 13)],
  ])('that %s is malformed', async (_, bytes) => {
    expect(await idsOf(bytes)).toContain('hdf5-unreadable');
  });

  it('goes on with its other objects behind a broken one', async () => {
    expect(await idsOf(makeHdf5({ messages: [linkMessage('broken', 100), external] }))).toEqual(['hdf5-external-link', 'hdf5-unreadable']);
  });

  it('is followed through a chain of groups without recursion', async () => {
    const step = objectHeader(linkMessage('n', 0)).length;
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, index) => objectHeader(index === count - 1 ? external : linkMessage('n', 8192 + (index + 1) * step)));
    const start = makeHdf5({ messages: [linkMessage('n', 8192)], statedEnd: 8192 });
    expect(await idsOf(Buffer.concat([start, Buffer.alloc(8192 - start.length), ...chain]))).toContain('hdf5-external-link');
  });

  it('that is cut anywhere is never clean', async () => {
    const bytes = makeHdf5({ data: Buffer.alloc(8, 1) });
    for (let end = 8; end < bytes.length; end += 13) expect((await idsOf(bytes.subarray(0, end))).length).toBeGreaterThan(0);
  });

  it('with any bytes changed never throws', async () => {
    const bytes = makeHdf5({ externalStorage: '/etc/hostname', messages: [external, textAttribute('model_config', LAMBDA)] });
    const places = [fc.nat(60), fc.nat(200).map((at) => 1024 + at), fc.nat(600).map((at) => 4096 + at)];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.oneof(...places), fc.nat(255)), { maxLength: 4 }), async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte;
        await scan(changed);
      }),
      { numRuns: 500 },
    );
  });
});

describe('HDF5 files', () => {
  it('are recognized by their signature, also behind a block of the user', () => {
    const recognizes = (bytes: Buffer, name: string): boolean => HDF5_READER.recognizes(bytes.subarray(0, 4096), { source: bytesSource(bytes), name });
    expect(recognizes(makeHdf5({}), 'x.bin')).toBe(true);
    expect(recognizes(makeHdf5({ userBlock: 1024 }), 'x.bin')).toBe(true);
    expect(recognizes(makeHdf5({ userBlock: 65_536 }), 'model.h5')).toBe(true);
    expect(recognizes(Buffer.alloc(5000), 'model.h5')).toBe(false);
  });
});
