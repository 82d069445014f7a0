import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { PolicyError } from '../../../src/attestation/factors.ts';
import { nvidiaDeviceKind } from '../../../src/attestation/nvidia/device-kind.ts';
import { rimIdsOf } from '../../../src/attestation/nvidia/rim-id.ts';
import { driverVersionOf, readSpdmReport, vbiosVersionOf } from '../../../src/attestation/nvidia/spdm-report.ts';
import { extension, TO_MS } from '../mint-certificates.ts';
import { reasonOf } from '../verdict.ts';
import { blockOf, deviceGiven, diceFirmware, fieldOf, FIELDS, FIRMWARE, measurementOf, mintDeviceChain, mintReport, plainFirmware } from './mint-device.ts';
import type { ReportWishes } from './mint-device.ts';
import { mintRim, mintRimChain, resource, resources } from './mint-rim.ts';

const chain = mintDeviceChain();

function verdict(evidence: Buffer, policy: unknown = {}, more: Partial<Given> = {}, by = chain): string | null {
  return reasonOf(nvidiaDeviceKind, deviceGiven(by, evidence, more), policy);
}

function changed(at: number, value: number): Buffer {
  const report = mintReport(chain);
  report[at] = value;
  return report;
}

test('what passes', () => {
  expect(verdict(mintReport(chain))).toBeNull();
});

describe('reports that are malformed', () => {
  const report = mintReport(chain);
  const length = report.readUIntLE(42, 3);

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte missing', report.subarray(0, -1)],
    ['one byte more', Buffer.concat([report, Buffer.alloc(1)])],
    ['another request', changed(1, 0xe1)],
    ['another response', changed(38, 0x7f)],
    ['more blocks than there are', changed(41, 41)],
    ['fewer blocks than there are', changed(41, 39)],
    ['blocks that end behind the report', changed(44, 0xff)],
    ['fields that end behind the report', changed(78 + length, 0xff)],
    ['another specification', changed(46, 2)],
    ['a block of another size', changed(47, 50)],
    ['a value of another size', changed(50, 47)],
    ['the index 0', mintReport(chain, { blocks: [blockOf(0)] })],
    ['an index twice', mintReport(chain, { blocks: [blockOf(1), blockOf(1)] })],
    ['a value of 32 bytes', mintReport(chain, { blocks: [blockOf(1, Buffer.alloc(32))] })],
    ['a field twice', mintReport(chain, { fields: [...FIELDS, ...FIELDS] })],
    ['a field that ends early', mintReport(chain, { fields: [Buffer.from([1, 0, 9])] })],
    ['more than 64 KiB', Buffer.concat([report, Buffer.alloc(65_536)])],
  ])('%s', (_, bytes) => {
    expect(verdict(bytes)).toBe('malformed');
  });
});

describe('chain, signature, nonce', () => {
  test.each<[string, Partial<Given>, string]>([
    ['no chain', { inputs: {} }, 'collateral-expired'],
    ['no PEM', { inputs: { chain: Buffer.from('chain') } }, 'untrusted-chain'],
    ['a leaf alone', { inputs: { chain: Buffer.from(chain.leaf.certificate.toString()) } }, 'untrusted-chain'],
    ['no root', { roots: {} }, 'untrusted-chain'],
    ['another root', { roots: { 'nvidia-device-identity': mintDeviceChain().root.certificate } }, 'untrusted-chain'],
    ['a chain that is over', { clockMs: TO_MS + 1000 }, 'chain-expired'],
    ['another nonce', { challenge: { nonce: Buffer.alloc(32) } }, 'nonce-mismatch'],
  ])('%s', (_, more, reason) => {
    expect(verdict(mintReport(chain), {}, more)).toBe(reason);
  });

  test('a report of another device', () => {
    expect(verdict(mintReport({ ...chain, leaf: mintDeviceChain().leaf }))).toBe('bad-signature');
  });

  test('flipping any bit never passes', () => {
    const report = mintReport(chain);
    fc.assert(
      fc.property(fc.nat(report.length * 8 - 1), (bit) => {
        const copy = Buffer.from(report);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verdict(copy)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('the firmware that holds the key', () => {
  const other = fieldOf(20, Buffer.alloc(48));
  const without = FIELDS.slice(0, -1);

  test.each<[string, readonly Buffer[], ReportWishes, string | null]>([
    ['Hopper', [plainFirmware], {}, null],
    ['Blackwell', [diceFirmware], {}, null],
    ['another one, Hopper', [plainFirmware], { fields: [...without, other] }, 'chip-mismatch'],
    ['another one, Blackwell', [diceFirmware], { fields: [...without, other] }, 'chip-mismatch'],
    ['none in the certificate', [], {}, 'chip-mismatch'],
    ['none in the report', [plainFirmware], { fields: without }, null],
    ['one that is cut off', [plainFirmware], { fields: [...without, fieldOf(20, FIRMWARE.subarray(1))] }, 'chip-mismatch'],
    ['an extension that is too short', [extension('2.23.133.5.4.1', Buffer.alloc(4))], {}, 'malformed'],
    ['an extension without a digest', [extension('2.23.133.5.4.1.1', Buffer.from('3000', 'hex'))], {}, 'malformed'],
  ])('%s', (_, firmware, wishes, reason) => {
    const by = mintDeviceChain(firmware);
    expect(verdict(mintReport(by, wishes), {}, {}, by)).toBe(reason);
  });
});

describe('golden values of a policy', () => {
  const value = (index: number): string => measurementOf(index + 1).toString('hex');
  const zero = '00'.repeat(48);
  const decoder = (status: number): ReportWishes => ({ fields: [...FIELDS.filter((field) => field[0] !== 11), fieldOf(11, Buffer.from([status]))] });

  test.each<[string, ReportWishes, Record<string, string[]>, string | null]>([
    ['index i is block i+1', {}, { 0: [value(0)], 39: [value(39)] }, null],
    ['one of several', {}, { 0: [zero, value(0).toUpperCase()] }, null],
    ['another value', {}, { 0: [value(0)], 1: [zero] }, 'measurement-not-allowed'],
    ['no value is allowed', {}, { 0: [] }, 'measurement-not-allowed'],
    ['an index that is not measured', {}, { 40: [zero] }, 'measurement-not-allowed'],
    ['the decoder, on', decoder(0xaa), { 35: [zero] }, 'measurement-not-allowed'],
    ['the decoder, on and right', decoder(0xaa), { 35: [value(35)] }, null],
    ['the decoder, off', decoder(0x55), { 35: [zero] }, null],
    ['the decoder, neither', decoder(0x00), { 35: [value(35)] }, 'measurement-not-allowed'],
    ['the decoder, not told', { fields: FIELDS.filter((field) => field[0] !== 11) }, { 35: [value(35)] }, 'measurement-not-allowed'],
  ])('%s', (_, wishes, golden, reason) => {
    expect(verdict(mintReport(chain, wishes), { golden })).toBe(reason);
  });

  test.each([{ golden: { 255: [] } }, { golden: { 0: ['00'] } }, { golden: { '01': [] } }, { measurements: [] }])(
    'the policy %j cannot be followed',
    (policy) => {
      expect(() => nvidiaDeviceKind.parsePolicy(policy)).toThrow(PolicyError);
    },
  );
});

describe('golden values of manifests', () => {
  const rims = mintRimChain();
  const driver = mintRim(rims, { resources: resources(0, 1) });
  const vbios = mintRim(rims, { version: '96.00.9f.00.01', resources: resources(2, 3) });

  function withRims(inputs: Record<string, Buffer>, root = rims.root): string | null {
    const given = deviceGiven(chain, mintReport(chain));
    return reasonOf(nvidiaDeviceKind, { ...given, inputs: { ...given.inputs, ...inputs }, roots: { ...given.roots, 'nvidia-corim': root.certificate } });
  }

  test('of driver and VBIOS together', () => {
    expect(withRims({ driver_rim: driver, vbios_rim: vbios })).toBeNull();
    expect(withRims({ vbios_rim: vbios })).toBeNull();
  });

  test.each<[string, Record<string, Buffer>, string]>([
    ['a value that differs', { driver_rim: mintRim(rims, { resources: [resource(0, ['00'.repeat(48)])] }) }, 'measurement-not-allowed'],
    ['another driver', { driver_rim: mintRim(rims, { version: '550.144.04' }) }, 'collateral-mismatch'],
    ['one in the place of the other', { driver_rim: vbios, vbios_rim: driver }, 'collateral-mismatch'],
    ['two that define an index', { driver_rim: driver, vbios_rim: mintRim(rims, { version: '96.00.9F.00.01', resources: resources(1) }) }, 'malformed'],
    ['one that was edited', { driver_rim: mintRim(rims, { edit: (xml) => xml.replace('index="0"', 'index="8"') }) }, 'bad-signature'],
    ['one that is none', { driver_rim: Buffer.from('<a/>') }, 'malformed'],
  ])('%s', (_, inputs, reason) => {
    expect(withRims(inputs)).toBe(reason);
  });

  test('of another root', () => {
    expect(withRims({ driver_rim: driver }, mintRimChain().root)).toBe('untrusted-chain');
  });
});

describe('names under which manifests are published', () => {
  const board = [fieldOf(17, Buffer.from('g520\0')), fieldOf(18, Buffer.from('0200\0')), fieldOf(15, Buffer.from('885\0\0\0'))];
  const read = (fields: readonly Buffer[]) => readSpdmReport(mintReport(chain, { fields }));

  test('versions are read as people write them', () => {
    const report = read(FIELDS);
    expect([driverVersionOf(report), vbiosVersionOf(report)]).toEqual(['550.144.03', '96.00.9F.00.01']);
    expect(vbiosVersionOf(read([fieldOf(6, Buffer.from('96.10.55.00.01'))]))).toBe('96.10.55.00.01');
  });

  test('of GPUs and switches', () => {
    const fields = [...FIELDS, ...board];
    expect(rimIdsOf(read(fields), 'GH100')).toEqual({ driver: 'NV_GPU_DRIVER_GH100_550.144.03', vbios: 'NV_GPU_VBIOS_G520_0200_885_96009F0001' });
    expect(rimIdsOf(read(fields), 'GB100').driver).toBe('NV_GPU_CC_DRIVER_GB100_550.144.03');
    expect(rimIdsOf(read([...fields, fieldOf(35, Buffer.from('GB202\0'))]), 'GB100').driver).toBe('NV_GPU_CC_DRIVER_GB202_550.144.03');
    expect(rimIdsOf(read([fieldOf(6, Buffer.from('96.10.55.00.01'))]), 'LS10')).toEqual({ driver: null, vbios: 'NV_SWITCH_BIOS_5612_0002_890_9610550001' });
    expect(rimIdsOf(read([]), 'GH100')).toEqual({ driver: null, vbios: null });
  });
});
