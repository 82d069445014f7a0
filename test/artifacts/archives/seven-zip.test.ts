import { beforeAll, describe, expect, it } from 'vitest';
import SevenZip from '7z-wasm';
import { PAYLOAD } from './payload-reader.ts';
import { noise, rulesOf, scanBytes } from './scan-bytes.ts';

/** Writes an archive with 7-Zip itself. */
async function make(members: Readonly<Record<string, Buffer>>, ...options: string[]): Promise<Buffer> {
  const factory = SevenZip as unknown as typeof SevenZip.default;
  const machine = await factory({ print: () => undefined, printErr: () => undefined });
  for (const [name, bytes] of Object.entries(members)) machine.FS.writeFile(name, bytes);
  machine.callMain(['a', '-t7z', '-mx=1', '-md=64k', ...options, 'out.7z', ...Object.keys(members)]);
  return Buffer.from(machine.FS.readFile('out.7z', { encoding: 'binary' }));
}

describe('7z', () => {
  let plain: Buffer;

  beforeAll(async () => {
    plain = await make({ notes: Buffer.from('plain text'), data: PAYLOAD });
  });

  it('scans every member, also of solid and of stored archives', async () => {
    for (const options of [[], ['-ms=on'], ['-mx=0']]) {
      const report = await scanBytes(await make({ notes: Buffer.from('plain text'), data: PAYLOAD }, ...options), 'model.7z');
      expect(report.findings.map(({ path }) => path)).toEqual([['model.7z', 'data']]);
    }
  });

  it('has nothing to say about an ordinary archive', async () => {
    const report = await scanBytes(await make({ notes: Buffer.from('plain text') }), 'model.7z');
    expect(report.findings).toEqual([]);
    expect(report.formats).toEqual(['7z']);
  });

  it('takes a 7z under the name of a model for what it is', async () => {
    expect(rulesOf(await scanBytes(plain, 'model.pt'))).toEqual(['7z-as-a-model', 'scan-extension-mismatch', 'test-payload']);
  });

  it('calls encrypted members and headers unread', async () => {
    for (const options of [['-psecret'], ['-psecret', '-mhe=on']]) {
      const report = await scanBytes(await make({ data: PAYLOAD }, ...options), 'model.7z');
      expect(rulesOf(report)).toContain('archive-encrypted');
      expect(report.verdict).not.toBe('clean');
    }
  });

  it('scans the other members when one is damaged', async () => {
    const bytes = await make({ a: noise(3000), data: PAYLOAD }, '-mx=0', '-ms=off');
    bytes[bytes.indexOf(noise(64)) + 40] = 0;
    const report = await scanBytes(bytes, 'model.7z');
    expect(rulesOf(report)).toEqual(expect.arrayContaining(['7z-broken', 'test-payload']));
  });

  it('reports what is behind the archive, and damage to its headers', async () => {
    expect(rulesOf(await scanBytes(Buffer.concat([await make({ notes: Buffer.from('text') }), PAYLOAD]), 'model.7z'))).toEqual(
      expect.arrayContaining(['7z-bytes-behind', 'test-payload']),
    );
    expect((await scanBytes(plain.subarray(0, plain.length - 5), 'model.7z')).verdict).toBe('malformed');
  });

  it('leaves the exit code of this process alone', async () => {
    const before = process.exitCode;
    await scanBytes(plain.subarray(0, 60), 'model.7z');
    expect(process.exitCode).toBe(before);
  });
});
