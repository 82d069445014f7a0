import { describe, expect, it } from 'vitest';
import { cyclonedxReport } from '../../../src/artifacts/report/cyclonedx-report.ts';
import { cyclonedxFaults } from './published-schemas.ts';
import { CLEAN, documentOf, MALICIOUS, waiver } from './scanned-model.ts';

function bomOf(document: Awaited<ReturnType<typeof documentOf>>) {
  const bom = cyclonedxReport(document);
  expect(cyclonedxFaults(bom)).toEqual([]);
  return bom;
}

describe('cyclonedxReport', () => {
  it('describes a model with what its files state about it', async () => {
    const document = await documentOf(CLEAN);
    const { metadata, components, vulnerabilities, dependencies, serialNumber } = bomOf(document);
    expect(metadata.component).toMatchObject({
      type: 'machine-learning-model',
      licenses: [{ license: { id: 'Apache-2.0' } }],
      pedigree: { ancestors: [{ type: 'machine-learning-model', name: 'example/base' }] },
      modelCard: {
        modelParameters: {
          task: 'text-generation',
          modelArchitecture: 'LlamaForCausalLM',
          datasets: [
            { type: 'dataset', name: 'example/books' },
            { type: 'dataset', name: 'example/talks' },
          ],
        },
      },
    });
    const weights = components.find(({ name }) => name === 'model.safetensors');
    expect(weights).toMatchObject({ type: 'machine-learning-model', hashes: [{ alg: 'SHA-256', content: document.files[2]?.sha256 }] });
    expect(components.at(-1)).toMatchObject({ type: 'data', name: 'chat template default', hashes: [{ alg: 'SHA-256' }] });
    expect(dependencies[0]?.dependsOn).toHaveLength(5);
    expect(vulnerabilities).toEqual([]);
    expect(bomOf(document).serialNumber).toBe(serialNumber);
  });

  it('keeps the words of a license that it does not know', async () => {
    const document = await documentOf({ 'README.md': '---\nlicense: other\nlicense_name: our own terms\n---\n' });
    expect(bomOf(document).metadata.component.licenses).toEqual([{ license: { name: 'other' } }]);
  });

  it('lists findings as vulnerabilities of their file, with their waivers', async () => {
    const waivers = [waiver({ path: 'model.pt' }), waiver({ id: 'wvr_2', path: 'optimizer one.pkl', state: 'revoked' })];
    const { vulnerabilities } = bomOf(await documentOf(MALICIOUS, { waivers }));
    const waived = vulnerabilities.find(({ analysis }) => analysis !== undefined);
    expect(waived).toMatchObject({ id: 'pickle-dangerous-global', ratings: [{ severity: 'critical' }], affects: [{ ref: 'file:model.pt' }] });
    expect(waived?.cwes).toContain(502);
    expect(waived?.detail).toMatch(/^model\.pt!archive\/data\.pkl@\d+: /);
    expect(waived?.analysis?.detail).toContain('Waived until 2027-01-31T23:59:59.999Z by somebody: a test');
    expect(vulnerabilities.some(({ properties }) => properties.some(({ name }) => name === 'elulmc:waiver-revoked'))).toBe(true);
  });

  it('of one file has its digest as that of the model', async () => {
    const document = await documentOf({ 'one.safetensors': CLEAN['model.safetensors'] ?? '' });
    expect(bomOf(document).metadata.component.hashes).toEqual([{ alg: 'SHA-256', content: document.files[0]?.sha256 }]);
  });
});
