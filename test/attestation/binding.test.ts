import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bindReportData, gpuNonce } from '../../src/attestation/binding.ts';

const NONCE = Buffer.alloc(32, 1);
const DOMAIN = Buffer.from('elulmc attestation binding v1\0');
const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

test('a nonce or a digest of a model of another length is refused', () => {
  for (const length of [0, 31, 33]) {
    expect(() => bindReportData(Buffer.alloc(length), {})).toThrow(RangeError);
    expect(() => gpuNonce(Buffer.alloc(length))).toThrow(RangeError);
    expect(() => bindReportData(NONCE, { modelDigest: Buffer.alloc(length) })).toThrow(RangeError);
  }
});

test('the value is that of the specification', () => {
  const [tlsKey, one, two] = ['key', 'one', 'two'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const modelDigest = Buffer.alloc(32, 5);
  const { reportData, nonce, absent } = bindReportData(NONCE, { tlsKey, modelDigest, gpuReports: [one, two] });
  const gpus = sha256(sha256(one), sha256(two));
  const expected = createHash('sha512')
    .update(Buffer.concat([DOMAIN, NONCE, sha256(tlsKey), modelDigest, gpus]))
    .digest();
  expect([reportData, nonce, absent]).toEqual([expected, expected.subarray(0, 32), []]);
  expect(gpuNonce(NONCE)).toEqual(sha256(DOMAIN, Buffer.from('gpu'), NONCE));
});

test('absent parts are named and bound as absent', () => {
  const { reportData, absent } = bindReportData(NONCE, {});
  expect(absent).toEqual(['tlsKey', 'modelDigest', 'gpuReports']);
  expect(reportData).toEqual(
    createHash('sha512')
      .update(Buffer.concat([DOMAIN, NONCE, Buffer.alloc(96)]))
      .digest(),
  );
});

test('every part counts, and so do their order and place', () => {
  const part = Buffer.from('part');
  const other = Buffer.from('other');
  const values = [
    bindReportData(NONCE, {}),
    bindReportData(Buffer.alloc(32), {}),
    bindReportData(NONCE, { tlsKey: part }),
    bindReportData(NONCE, { tlsKey: other }),
    bindReportData(NONCE, { modelDigest: Buffer.alloc(32, 5) }),
    bindReportData(NONCE, { gpuReports: [] }),
    bindReportData(NONCE, { gpuReports: [part, other] }),
    bindReportData(NONCE, { gpuReports: [other, part] }),
  ].map(({ reportData }) => reportData.toString('hex'));
  expect(new Set(values).size).toBe(values.length);
});
