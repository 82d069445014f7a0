import type { Result } from 'sarif';
import { describe, expect, it } from 'vitest';
import { sarifReport } from '../../../src/artifacts/report/sarif-report.ts';
import type { ScanDocument } from '../../../src/artifacts/report/scan-document.ts';
import { sarifFaults } from './published-schemas.ts';
import { CLEAN, documentOf, MALICIOUS, waiver } from './scanned-model.ts';

function runOf(document: ScanDocument) {
  const log = sarifReport(document);
  expect(sarifFaults(log)).toEqual([]);
  const [run] = log.runs;
  if (run === undefined) throw new Error('no run');
  return { run, results: run.results ?? [] };
}

const prints = (results: readonly Result[]): unknown[] => results.map(({ fingerprints }) => fingerprints);

describe('sarifReport', () => {
  it('of a clean model is valid and has no results', async () => {
    const { run, results } = runOf(await documentOf(CLEAN));
    expect(results).toEqual([]);
    expect(run.invocations?.[0]).toMatchObject({ executionSuccessful: true, exitCode: 0 });
    expect(run.artifacts?.map(({ location }) => location?.uri)).toEqual(['README.md', 'config.json', 'model.safetensors', 'tokenizer_config.json']);
  });

  it('says where a finding is: the file, and for a member the nested artifact with the offset in it', async () => {
    const { run, results } = runOf(await documentOf(MALICIOUS));
    const nested = results.find(({ ruleId, locations }) => ruleId === 'pickle-dangerous-call' && locations?.[0]?.logicalLocations?.[0]?.kind === 'member');
    const [location] = nested?.locations ?? [];
    const { artifactLocation, region } = location?.physicalLocation ?? {};
    const member = run.artifacts?.[artifactLocation?.index ?? -1];
    expect(artifactLocation?.uri).toBe('/archive/data.pkl');
    expect(run.artifacts?.[member?.parentIndex ?? -1]?.location).toEqual({ uri: 'model.pt', uriBaseId: 'MODEL' });
    expect(region?.byteOffset).toBeGreaterThan(2);
    expect(location?.logicalLocations?.[0]?.fullyQualifiedName).toBe('model.pt!archive/data.pkl');
    const plain = results.find(({ locations }) => locations?.[0]?.physicalLocation?.artifactLocation?.uri === 'optimizer%20one.pkl');
    expect(plain?.locations?.[0]?.physicalLocation?.region?.byteOffset).toBeGreaterThan(0);
    expect(run.invocations?.[0]?.exitCode).toBe(3);
  });

  it('gives each rule with its help and level', async () => {
    const { run, results } = runOf(await documentOf(MALICIOUS));
    const rules = run.tool.driver.rules ?? [];
    for (const { ruleIndex, ruleId, level } of results) {
      expect(rules[ruleIndex ?? -1]).toMatchObject({ id: ruleId, defaultConfiguration: { level } });
      expect(rules[ruleIndex ?? -1]?.help?.text).toContain('What to do: ');
    }
    expect(results.some(({ level }) => level === 'error')).toBe(true);
  });

  it('has the same fingerprints in every scan, and different ones for different places', async () => {
    const [first, second] = [runOf(await documentOf(MALICIOUS)).results, runOf(await documentOf({ ...MALICIOUS })).results];
    expect(prints(second)).toEqual(prints(first));
    expect(new Set(prints(first).map((print) => JSON.stringify(print))).size).toBe(first.length);
  });

  it('suppresses what is waived, and rejects a waiver that has ended', async () => {
    const waivers = [waiver({ path: 'model.pt' }), waiver({ id: 'wvr_2', path: 'optimizer one.pkl', state: 'expired' })];
    const { results } = runOf(await documentOf(MALICIOUS, { waivers }));
    const states = results
      .filter(({ ruleId }) => ruleId === 'pickle-dangerous-global')
      .map(({ suppressions, message }) => [message.text?.includes('model.pt'), suppressions?.[0]?.status]);
    expect(states).toEqual([
      [true, 'accepted'],
      [false, 'rejected'],
    ]);
    const [suppression] = results.flatMap(({ suppressions }) => suppressions ?? []);
    expect(suppression).toMatchObject({ kind: 'external', justification: 'a test', properties: { owner: 'somebody', waiver: 'wvr_1' } });
  });

  it('is valid for names that are no text, and tells what could not be read', async () => {
    const document = await documentOf({ 'a # %41 ü "x".bin': Buffer.from('\u0000\u0001\u0002nothing that anybody knows'.repeat(9)) });
    const hostile: ScanDocument = {
      ...document,
      files: document.files.map((file) => ({ ...file, path: `${file.path}\ud800`, error: 'EACCES \ud800' })),
      coverage: { ...document.coverage, notChecked: [{ check: 'x', reason: 'y', path: ['\ud800'], times: 2 }] },
    };
    const { run } = runOf(hostile);
    expect(run.invocations?.[0]?.toolExecutionNotifications?.map(({ level }) => level)).toEqual(['note', 'error']);
    expect(run.invocations?.[0]?.exitCode).toBe(8);
  });
});
