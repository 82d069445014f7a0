import { describe, expect, it } from 'vitest';
import { ZIP_READER } from '../../../src/artifacts/archives/zip-reader.ts';
import type { Reader, Surroundings } from '../../../src/artifacts/scan/reader.ts';
import { torchContext } from '../../../src/artifacts/torch/torch-context.ts';
import { makeZip, type MadeMember } from '../archives/make-zip.ts';
import { PAYLOAD } from '../archives/payload-reader.ts';
import { noise, rulesOf, scanBytes, TEST_READERS } from '../archives/scan-bytes.ts';

const named = (...names: string[]): { name: string; size: number }[] => names.map((name, index) => ({ name, size: index + 1 }));

describe('archives of torch', () => {
  it('knows the numbers of tensors by the pickle beside them', () => {
    const context = torchContext(named('m/data.pkl', 'm/data/0', 'm/version'));
    expect(['m/data/0', './m/data/12', 'm/.data/7.storage', 'm/version', 'other/data/0', 'm/data/0/x'].map((name) => context.isRawData(name))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(torchContext(named('m/data/0')).isRawData('m/data/0')).toBe(false);
  });

  it('tells a pickle the sizes of its storages', () => {
    const context = torchContext(named('m/data.pkl', 'm/data/0', 'm/constants.pkl', 'm/constants/0'));
    expect(context.surroundings('m/data.pkl')?.storageBytes?.('0')).toBe(2);
    expect(context.surroundings('m/constants.pkl')?.storageBytes?.('0')).toBe(4);
    expect(context.surroundings('m/data.pkl')?.storageBytes?.('1')).toBeUndefined();
    expect(context.surroundings('elsewhere/data')).toBeUndefined();
  });

  it('takes code for its own only where TorchScript puts it', () => {
    const script = torchContext(named('m/data.pkl', 'm/code/__torch__/net.py'));
    expect(script.isOwnCode('m/code/__torch__/net.py')).toBe(true);
    expect(script.isOwnCode('m/code/helper.py')).toBe(false);
    expect(script.surroundings('m/data.pkl')?.torchScript).toBe(true);
    expect(torchContext(named('m/data.pkl', 'm/code/helper.py')).surroundings('m/data.pkl')?.torchScript).toBe(false);
  });

  it('hands that over to whoever reads the member', async () => {
    const seen: (Surroundings | undefined)[] = [];
    const looks: Reader = { format: 'looks', recognizes: (_head, { name }) => name === 'm/data.pkl', read: async (unit) => void seen.push(unit.surroundings) };
    const members: MadeMember[] = [
      { name: 'm/data.pkl', data: Buffer.from('x') },
      { name: 'm/data/0', data: noise(77) },
    ];
    await scanBytes(makeZip(members), 'model.zip', { readers: [ZIP_READER, looks] });
    expect(seen[0]?.storageBytes?.('0')).toBe(77);
  });

  it('reads a payload in every member but those of numbers, which only known formats are looked for in', async () => {
    for (const name of ['m/data.pkl', 'm/data/1', 'm/version', 'm/.data/serialization_id', 'm/constants.pkl', 'notes.txt', 'm/extra/x.debug_pkl']) {
      const members: MadeMember[] = [
        { name: 'm/data.pkl', data: Buffer.from('x') },
        { name: 'm/data/0', data: noise(64) },
      ];
      const zip = makeZip([...members.filter((member) => member.name !== name), { name, data: PAYLOAD }]);
      const rules = rulesOf(await scanBytes(zip, 'model.bin', { readers: TEST_READERS }));
      expect(rules.includes('test-payload')).toBe(name !== 'm/data/1');
    }
  });

  it('looks at the start of tensor data for formats that loaders take', async () => {
    const zip = makeZip([
      { name: 'm/data.pkl', data: Buffer.from('x') },
      { name: 'm/data/0', data: makeZip([{ name: 'inner', data: PAYLOAD }]) },
    ]);
    expect(rulesOf(await scanBytes(zip, 'model.bin'))).toContain('test-payload');
  });
});
