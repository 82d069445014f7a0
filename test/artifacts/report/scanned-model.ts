import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { analyze } from '../../../src/artifacts/compare/analysis.ts';
import type { Analysis } from '../../../src/artifacts/compare/analysis.ts';
import type { ScanReport } from '../../../src/artifacts/findings/report.ts';
import type { KnownWaiver } from '../../../src/artifacts/report/apply-waivers.ts';
import { makeDocument } from '../../../src/artifacts/report/make-document.ts';
import { scanDocument } from '../../../src/artifacts/report/scan-document.ts';
import type { ScanDocument } from '../../../src/artifacts/report/scan-document.ts';
import type { ScanFacts } from '../../../src/artifacts/report/scan-facts.ts';
import { scanFolder } from '../../../src/artifacts/scan/scan-folder.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { makeZip } from '../archives/make-zip.ts';
import { pickle, SYSTEM } from '../pickle/assembler.ts';
import { makeSafetensors } from '../safetensors/support.ts';

export type Files = Readonly<Record<string, Buffer | string>>;

/** A folder with these files; it is removed with the test file. */
export function folderWith(files: Files): string {
  const folder = temporaryFolder('scanned-model');
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** A tensor of sixteen numbers, and what belongs to a published model. */
export const CLEAN: Files = {
  'README.md':
    '---\nlicense: apache-2.0\nbase_model: example/base\ndatasets:\n  - example/books\n  - "example/talks"\nlanguage: [en, de]\npipeline_tag: text-generation\n---\n# A model\n',
  'config.json': JSON.stringify({ architectures: ['LlamaForCausalLM'], model_type: 'llama' }),
  'model.safetensors': makeSafetensors({
    'layer.weight': { dtype: 'F32', shape: [4, 4], data: Buffer.from(Float32Array.from({ length: 16 }, (_, i) => i / 16).buffer) },
  }),
  'tokenizer_config.json': JSON.stringify({ chat_template: '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}' }),
};

/** os.system in a pickle inside of a zip, as torch writes it, and in a file of its own. */
export const MALICIOUS: Files = {
  ...CLEAN,
  'model.pt': makeZip([
    { name: 'archive/data.pkl', data: pickle(SYSTEM) },
    { name: 'archive/version', data: Buffer.from('3\n') },
  ]),
  'optimizer one.pkl': pickle(SYSTEM),
};

interface Scanned {
  readonly report: ScanReport;
  readonly analysis: Analysis;
}

const scanned = new Map<Files, Promise<Scanned>>();

async function scan(files: Files): Promise<Scanned> {
  const folder = folderWith(files);
  const job = { model: folder, baseline: null, adapters: [], weights: false };
  return { report: await scanFolder(folder, { threads: 1 }), analysis: analyze(job, new AbortController().signal, () => undefined) };
}

/** Scans these files, once for all tests of a file, and makes the document of it as the operation does; its schema holds. */
export async function documentOf(files: Files, given: Partial<ScanFacts> = {}): Promise<ScanDocument> {
  const known = scanned.get(files) ?? scan(files);
  scanned.set(files, known);
  const document = makeDocument({
    ...{ format: 'text', strict: true, target: './model', tookMs: 5, adapterFiles: [], baseline: null },
    ...{ digest: 'd'.repeat(64), digestNote: null, registered: null, waivers: [], notes: [] },
    ...(await known),
    ...given,
  });
  return scanDocument.parse(document);
}

export function waiver(given: Partial<KnownWaiver>): KnownWaiver {
  return {
    id: 'wvr_1',
    rule: 'pickle-dangerous-global',
    path: null,
    reason: 'a test',
    owner: 'somebody',
    until: '2027-01-31T23:59:59.999Z',
    state: 'active',
    ...given,
  };
}
