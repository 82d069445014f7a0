import { describe, expect, it } from 'vitest';
import { drawReport } from '../../../src/artifacts/report/draw-report.ts';
import { summaryText } from '../../../src/artifacts/report/report-words.ts';
import type { ScanDocument } from '../../../src/artifacts/report/scan-document.ts';
import { CLEAN, documentOf, MALICIOUS, waiver } from './scanned-model.ts';

const textOf = (document: ScanDocument): string => drawReport(document).join('\n');

describe('the report for people', () => {
  it('of a clean model says what was checked, and never that it is safe', async () => {
    const document = await documentOf(CLEAN);
    const text = textOf(document);
    expect(text).toContain('no indicator found (checks: ');
    expect(text).toContain('sha256 of the file');
    expect(text).toMatch(/verdict {6}clean$/);
    expect(`${text} ${summaryText(document)}`).not.toMatch(/\b(?:safe|secure|harmless)\b/i);
    expect(summaryText(document)).toMatch(/^No indicator found in 4 files/);
  });

  it('of findings says where, what, why and what to do, the last two once for each rule', async () => {
    const text = textOf(await documentOf(MALICIOUS));
    expect(text).toMatch(/critical pickle-dangerous-call {2}model\.pt!archive\/data\.pkl@\d+/);
    expect(text).toContain('found   os.system("echo test")');
    expect(text.match(/ why {5}Pickle calls a dangerous function/g)).toHaveLength(1);
    expect(text.match(/ do {6}/g)?.length).toBeGreaterThan(0);
    expect(text).toMatch(/verdict {6}malicious$/);
    expect(text).not.toContain('no indicator found');
  });

  it('marks what is waived in the verdict and at the finding', async () => {
    const files = { 'x.pkl': MALICIOUS['optimizer one.pkl'] ?? '' };
    const rules = (await documentOf(files)).rules.map(({ id }) => id);
    const waivers = rules.map((rule, at) => waiver({ id: `wvr_${String(at)}`, rule }));
    const document = await documentOf(files, { waivers });
    expect(document).toMatchObject({ verdict: 'malicious', counted: 'clean' });
    const text = textOf(document);
    expect(text).toMatch(/verdict {6}malicious \(waived\)$/);
    expect(text).toContain('waived  until 2027-01-31T23:59:59.999Z by somebody: a test (wvr_0)');
    expect(text).not.toContain('no indicator found');
    const expired = await documentOf(files, { waivers: waivers.map((one) => ({ ...one, state: 'expired' })) });
    expect(expired).toMatchObject({ verdict: 'malicious', counted: 'malicious' });
    expect(textOf(expired)).toContain('its waiver expired 2027-01-31T23:59:59.999Z: somebody, a test (wvr_0)');
  });

  it('says what was not checked, and that other bytes were registered', async () => {
    const registered = {
      id: 'mdl_1',
      name: 'demo',
      version: '2',
      digest: 'e'.repeat(64),
      stage: 'production',
      matches: false,
      differs: [{ name: 'a', fault: 'is missing' }],
    };
    const text = textOf(await documentOf({ ...CLEAN, 'x.bin': Buffer.from('\u0000\u0001\u0002nobody knows this'.repeat(99)) }, { registered }));
    expect(text).toContain('NOT ITS BYTES');
    expect(text).toContain('a: is missing');
    expect(text).toMatch(/not checked {2}\S/);
    expect(text).toMatch(/verdict {6}unsupported$/);
  });

  it('as JSON is the document, and holds no character that steers a terminal', async () => {
    const document = await documentOf(CLEAN, { format: 'json', notes: ['\u009b31m\u007f\u001b[0m'] });
    const [text = ''] = drawReport(document);
    expect(JSON.parse(text)).toEqual(document);
    // eslint-disable-next-line no-control-regex -- these are the characters
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });
});
