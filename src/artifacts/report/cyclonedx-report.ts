import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Bom, BomComponent, BomProperty } from './cyclonedx-shapes.ts';
import { licensesOf, modelCardOf, pedigreeOf } from './cyclonedx-model-card.ts';
import { vulnerabilitiesOf } from './cyclonedx-vulnerabilities.ts';
import { verdictText } from './report-words.ts';
import type { ReportedFile, ScanDocument } from './scan-document.ts';

const MODEL_REF = 'model';
/** Formats that hold weights; the others are files that belong to a model. */
const WEIGHTS: ReadonlySet<string> = new Set(
  'safetensors gguf zip pickle onnx hdf5 keras tensorflow tensorflow-checkpoint npy skops openvino-weights'.split(' '),
);

/**
 * The report as a bill of materials for a model, CycloneDX 1.6 (ECMA-424): the model with what its files state about it, its files with
 * their digests, chat templates as data, and findings as vulnerabilities of the file that they are in.
 */
export function cyclonedxReport(document: ScanDocument): Bom {
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumberOf(document),
    version: 1,
    metadata: {
      timestamp: document.startedAt,
      tools: { components: [{ type: 'application', name: 'elulmc security backdoor-scan', publisher: 'ELULMC' }] },
      component: modelComponent(document),
    },
    components: [...document.files.map(fileComponent), ...templateComponents(document)],
    dependencies: [{ ref: MODEL_REF, dependsOn: [...document.files.map(({ path }) => fileRef(path)), ...document.templates.map((_, at) => templateRef(at))] }],
    compositions: [{ aggregate: document.files.length === document.filesTotal ? 'complete' : 'incomplete', assemblies: [MODEL_REF] }],
    vulnerabilities: vulnerabilitiesOf(document, fileRef),
  };
}

/** The same for the same scan: a UUID whose digits are from a digest. */
function serialNumberOf({ digest, target, startedAt, verdict }: ScanDocument): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([digest, target, startedAt, verdict]))
    .digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function fileRef(path: string): string {
  return `file:${path}`;
}

function templateRef(at: number): string {
  return `template:${String(at)}`;
}

function property(name: string, value: string | null): BomProperty[] {
  return value === null ? [] : [{ name: `elulmc:${name}`, value: value.toWellFormed() }];
}

function modelComponent(document: ScanDocument): BomComponent {
  const { registered, facts, digest, files, coverage } = document;
  const [only] = files;
  const single = document.filesTotal === 1 && only !== undefined && only.sha256 !== null ? { hashes: [{ alg: 'SHA-256' as const, content: only.sha256 }] } : {};
  return {
    type: 'machine-learning-model',
    'bom-ref': MODEL_REF,
    name: registered?.name ?? facts.name ?? (basename(document.target) || document.target),
    ...(registered === null ? {} : { version: registered.version }),
    ...single,
    ...licensesOf(facts),
    ...pedigreeOf(facts),
    modelCard: modelCardOf(document),
    properties: [
      ...property('oms-root-sha256', digest),
      ...property('verdict', verdictText(document)),
      ...property('headers-only', document.headersOnly ? 'true' : null),
      ...coverage.checked.flatMap(({ check }) => property('checked', check)),
      ...coverage.notChecked.flatMap(({ check, reason }) => property('not-checked', `${check}: ${reason}`)),
      ...document.notes.flatMap((note) => property('note', note)),
    ],
  };
}

function fileComponent(file: ReportedFile): BomComponent {
  return {
    type: file.formats.some((format) => WEIGHTS.has(format)) ? 'machine-learning-model' : 'file',
    'bom-ref': fileRef(file.path),
    name: file.path.toWellFormed(),
    ...(file.sha256 === null ? {} : { hashes: [{ alg: 'SHA-256', content: file.sha256 }] }),
    properties: [
      ...file.formats.flatMap((format) => property('format', format)),
      ...property('content', file.other),
      ...property('bytes', String(file.size)),
      ...property('verdict', verdictText(file)),
      ...property('error', file.error),
    ],
  };
}

function templateComponents({ templates }: ScanDocument): BomComponent[] {
  return templates.map(({ path, name, sha256, bytes, offset }, at) => ({
    type: 'data',
    'bom-ref': templateRef(at),
    name: `chat template ${name}`.toWellFormed(),
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    data: [{ type: 'configuration', name: 'chat template' }],
    properties: [...property('file', path), ...property('offset', String(offset)), ...property('bytes', String(bytes))],
  }));
}
