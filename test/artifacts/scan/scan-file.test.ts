import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesSource, sliceSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { Rule } from '../../../src/artifacts/findings/rule.ts';
import { scanFile } from '../../../src/artifacts/scan/scan-file.ts';
import type { Reader, Unit } from '../../../src/artifacts/scan/reader.ts';
import { makeZip } from '../archives/make-zip.ts';
import { PAYLOAD, PAYLOAD_READER } from '../archives/payload-reader.ts';
import { noise, rulesOf, scanBytes, TEST_READERS } from '../archives/scan-bytes.ts';

const RULE: Rule = { id: 'test-rule', alarm: 'suspicious', severity: 'low', title: 'Test', explanation: 'A test.', help: 'None.' };
const TEXT = Buffer.from('plain text\n');

/** A reader for everything, of what a test does. */
const readerThat = (read: (unit: Unit) => Promise<void>): Reader => ({ format: 'test', recognizes: () => true, read });

describe('scanning one file', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elulmc-scan-test-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('names a file that cannot be opened, and does not call it clean', async () => {
    const report = await scanFile(join(folder, 'missing.pt'));
    expect(report.error).toContain('missing.pt');
    expect(report.verdict).toBe('unsupported');
    expect((await scanFile(folder)).error).toContain('not a regular file');
  });

  it('gives digest, size and coverage of a text, which is of no model format', async () => {
    const path = join(folder, 'README.md');
    writeFileSync(path, TEXT);
    const report = await scanFile(path);
    expect(report).toMatchObject({ path: 'README.md', kind: 'file', size: TEXT.length, verdict: 'clean', other: 'text', error: null });
    expect(report.sha256).toBe(createHash('sha256').update(TEXT).digest('hex'));
    expect(report.coverage.checked).toContainEqual({ check: 'sha256 of the file', times: 1 });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('says what headers only leaves out', async () => {
    const report = await scanBytes(makeZip([{ name: 'x', data: TEXT }]), 'model.zip', { headersOnly: true });
    expect(report.sha256).toBeNull();
    expect(report.coverage.notChecked.map(({ check, reason }) => [check, reason])).toEqual(
      expect.arrayContaining([
        ['sha256 of the file', 'headers only'],
        ['zip checksums', 'headers only'],
      ]),
    );
  });

  it('calls unknown bytes unsupported', async () => {
    expect((await scanBytes(noise(5000), 'weights')).verdict).toBe('unsupported');
  });

  it('finds what a name promises and the bytes are not', async () => {
    expect(rulesOf(await scanBytes(TEXT, 'model.safetensors'))).toEqual(['scan-not-the-format']);
    expect(rulesOf(await scanBytes(gzipSync(TEXT), 'notes.txt'))).toEqual(['scan-extension-mismatch']);
    expect(rulesOf(await scanBytes(Buffer.from('89504e470d0a1a0a', 'hex'), 'pytorch_model.bin'))).toEqual(['scan-not-the-format']);
  });

  it('makes a reader that breaks a finding', async () => {
    const broken = readerThat(() => Promise.reject(new RangeError('index 7 out of range')));
    const report = await scanBytes(TEXT, 'x', { readers: [broken] });
    expect(report.findings[0]).toMatchObject({ rule: { id: 'scan-reader-failed' }, detail: 'test: RangeError: index 7 out of range' });
    expect(report.verdict).toBe('suspicious');
  });

  it('stops at its time limit, even where nothing lets the event loop run', async () => {
    const endless = readerThat(async (unit) => {
      for (;;) unit.signal.throwIfAborted();
    });
    const report = await scanBytes(TEXT, 'x', { readers: [endless], limits: { fileMs: 20 } });
    expect(rulesOf(report)).toEqual(['scan-time-limit']);
    expect(report.sha256).toBeNull();
  });

  it('is stopped by a signal', async () => {
    const controller = new AbortController();
    const waits = readerThat(async (unit) => {
      controller.abort(new Error('enough'));
      unit.signal.throwIfAborted();
    });
    await expect(scanBytes(TEXT, 'x', { readers: [waits], signal: controller.signal })).rejects.toThrow('enough');
  });

  it('does not go deeper than five containers', async () => {
    let bytes: Buffer = PAYLOAD;
    for (let depth = 0; depth < 6; depth++) bytes = makeZip([{ name: 'inner', data: bytes }]);
    expect(rulesOf(await scanBytes(bytes, 'model.zip'))).toEqual(['scan-nesting-too-deep']);
    let allowed: Buffer = PAYLOAD;
    for (let depth = 0; depth < 5; depth++) allowed = makeZip([{ name: 'inner', data: allowed }]);
    expect(rulesOf(await scanBytes(allowed, 'model.zip'))).toEqual(['test-payload']);
  });

  it('stops at the limit of parts and of unpacked bytes', async () => {
    const zip = makeZip(Array.from({ length: 20 }, (_, i) => ({ name: `m${String(i)}`, data: noise(4000), deflated: true })));
    expect(rulesOf(await scanBytes(zip, 'model.zip', { limits: { parts: 10 } }))).toContain('scan-too-many-parts');
    expect(rulesOf(await scanBytes(zip, 'model.zip', { limits: { unpackedBytes: 20_000 } }))).toContain('scan-unpack-size');
  });

  it('lists so many findings and counts all', async () => {
    const many = readerThat(async (unit) => {
      for (let i = 0; i < 50; i++) unit.found(RULE, i, 'again');
      unit.found({ ...RULE, id: 'test-worse', alarm: 'malicious' }, 0, 'worse');
    });
    const report = await scanBytes(TEXT, 'x', { readers: [many], limits: { findings: 10 } });
    expect(report.findings).toHaveLength(11);
    expect(report.verdict).toBe('malicious');
  });

  it('hands over every byte once, also to members that lie in the file as they are', async () => {
    const seen: string[] = [];
    const listens: Reader = {
      format: 'listener',
      recognizes: (head) => head.subarray(0, 6).toString() === 'LISTEN',
      read: async (unit) => {
        let text = '';
        unit.everyByte(
          'letters',
          6,
          5,
          (chunk, offset) => (text += `${String(offset)}:${chunk.toString()}`),
          () => void seen.push(text),
        );
      },
    };
    const member = { name: 'x', data: Buffer.from('LISTENabcdefgh') };
    await scanBytes(makeZip([{ name: 'first', data: TEXT }, member, { ...member, name: 'y', deflated: true }]), 'model.zip', {
      readers: [...TEST_READERS, listens],
    });
    expect(seen).toEqual(['6:abcde', '6:abcde']);
  });

  it('finds formats inside of bytes that nobody reads, once their whole header is right', async () => {
    const bytes = Buffer.concat([noise(700), makeZip([{ name: 'data', data: PAYLOAD }]), noise(70_000)]);
    expect(rulesOf(await scanBytes(bytes, 'weights'))).toEqual(expect.arrayContaining(['scan-embedded-format', 'test-payload']));
    const mark = Buffer.concat([noise(700), Buffer.from('PK\x03\x04'), noise(300)]);
    expect(rulesOf(await scanBytes(mark, 'weights'))).toEqual([]);
  });

  it('does not read the same place twice for one format', async () => {
    let reads = 0;
    const counts: Reader = {
      ...PAYLOAD_READER,
      read: async (unit) => {
        reads++;
        await unit.inside(sliceSource(unit.source, 0, 10), 'itself', 'gap', 0);
      },
    };
    await scanBytes(PAYLOAD, 'x', { readers: [{ ...counts, recognizes: (head) => head[0] === PAYLOAD[0] }] });
    expect(reads).toBe(1);
  });

  it('keeps large unpacked members out of memory and whole', async () => {
    const big = noise(3 * 1024 * 1024);
    const checks = readerThat(async (unit) => {
      const one = await unit.unpack([big.subarray(0, 1_000_000), big.subarray(1_000_000)], big.length);
      const two = await unit.unpack([TEXT], TEXT.length);
      expect(one.cut).toBeNull();
      expect(one.source.size).toBe(big.length);
      expect(one.source.read(999_990, 20)).toEqual(big.subarray(999_990, 1_000_010));
      expect(one.source.read(big.length - 3, 10)).toEqual(big.subarray(-3));
      expect(two.source.read(0, 100)).toEqual(TEXT);
    });
    expect(rulesOf(await scanBytes(TEXT, 'x', { readers: [checks] }))).toEqual([]);
  });

  it('gives siblings of the same folder and never of another', async () => {
    writeFileSync(join(folder, 'weights.bin'), 'sibling');
    writeFileSync(join(folder, 'main'), 'x');
    const seen: (string | undefined)[] = [];
    const looks = readerThat(async (unit) => {
      for (const path of ['weights.bin', '../../etc/passwd', '/etc/passwd', 'nothing']) seen.push(unit.sibling(path)?.read(0, 7).toString());
    });
    await scanFile(join(folder, 'main'), { readers: [looks] });
    expect(seen).toEqual(['sibling', undefined, undefined, undefined]);
  });

  it('reads a part of a source and nothing behind it', () => {
    expect(sliceSource(bytesSource(TEXT), 6, 100).read(0, 100).toString()).toBe('text\n');
  });
});
