import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { scanSource } from '../../../src/artifacts/scan/scan-file.ts';
import { makeZip, type MadeMember } from '../archives/make-zip.ts';
import { rulesOf } from '../archives/scan-bytes.ts';
import { emptyHdf5, makeHdf5 } from '../hdf5/make-hdf5.ts';

const METADATA: MadeMember = { name: 'metadata.json', data: Buffer.from('{"keras_version":"3.5.0"}') };
const config = (value: unknown): MadeMember => ({
  name: 'config.json',
  data: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  deflated: true,
});
const weights = (data: Buffer): MadeMember => ({ name: 'model.weights.h5', data });
const DENSE = { module: 'keras.layers', class_name: 'Dense', config: { units: 1 } };
const scan = (members: readonly MadeMember[], name = 'model.keras') => scanSource(bytesSource(makeZip(members)), name);

describe('a Keras archive', () => {
  it('with ordinary layers and weights is clean', async () => {
    const report = await scan([METADATA, config(DENSE), weights(emptyHdf5())]);
    expect(rulesOf(report)).toEqual([]);
    expect(report.verdict).toBe('clean');
    expect(report.formats).toEqual(expect.arrayContaining(['keras', 'keras-config', 'hdf5']));
  });

  it('without a configuration is malformed, and its members are scanned', async () => {
    const report = await scan([METADATA, { name: 'assets/x', data: Buffer.from('\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.', 'latin1') }]);
    expect(rulesOf(report)).toEqual(expect.arrayContaining(['keras-config-missing', 'pickle-dangerous-call']));
  });

  it.each(['{"class_name": "Sequential , "config": {}}', 'no JSON at all', ''])('with the configuration %j is malformed', async (text) => {
    const report = await scan([METADATA, config(text), weights(emptyHdf5())], 'model.zip');
    expect(rulesOf(report)).toContain('keras-config-unreadable');
    expect(report.verdict).toBe('malformed');
  });

  it('is judged by its layers, whichever way they are packed and named', async () => {
    const bad = { module: 'os', class_name: 'system', config: 'id' };
    expect((await scan([METADATA, config(bad), weights(emptyHdf5())])).verdict).toBe('malicious');
    expect((await scan([{ name: 'deep/config.json', data: Buffer.from(JSON.stringify(bad)) }, config(DENSE)])).verdict).toBe('malicious');
    expect((await scan([config(DENSE), { ...config(bad), hidden: true }])).verdict).toBe('malicious');
  });

  it('whose weights lie in other files is suspicious', async () => {
    const report = await scan([METADATA, config(DENSE), weights(makeHdf5({ externalStorage: '/etc/hostname' }))]);
    expect(report.findings.map(({ rule, path }) => [rule.id, path.at(-1)])).toEqual([['hdf5-external-storage', 'model.weights.h5']]);
  });
});
