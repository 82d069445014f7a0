import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ajv } from 'ajv';
import { Ajv as AjvClass } from 'ajv';
import * as formats from 'ajv-formats';

/** Packages that export nothing of this: only their files are used. */
const PACKAGES = join(import.meta.dirname, '../../../node_modules');

function schemaAt(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(PACKAGES, path), 'utf8')) as Record<string, unknown>;
}

/** Patterns of SARIF are not those of a `u` expression. */
function validator(unicodeRegExp: boolean): Ajv {
  const ajv = new AjvClass({ strict: false, allErrors: true, unicodeRegExp });
  formats.default.default(ajv);
  // Formats that the package does not know; SARIF and CycloneDX use them for names that tests do not have.
  ajv.addFormat('idn-email', true);
  ajv.addFormat('iri-reference', true);
  return ajv;
}

function faultsOf(ajv: Ajv, schema: Record<string, unknown>, value: unknown): string[] {
  const validate = ajv.compile(schema);
  validate(JSON.parse(JSON.stringify(value)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ''}`);
}

/** What is wrong with a SARIF log by the schema of the standard (2.1.0, errata 01). It is of draft 4, of which it uses nothing that draft 7 has not. */
export function sarifFaults(log: unknown): string[] {
  const { id: _id, $schema: _schema, ...schema } = schemaAt('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  return faultsOf(validator(false), schema, log);
}

/** What is wrong with a bill of materials by the schema of CycloneDX 1.6. */
export function cyclonedxFaults(bom: unknown): string[] {
  const ajv = validator(true);
  const folder = '@cyclonedx/cyclonedx-library/res/schema';
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json']) {
    const { $id: _id, ...schema } = schemaAt(`${folder}/${name}`);
    // The schema names them as files beside it.
    ajv.addSchema({ ...schema, $id: `http://cyclonedx.org/schema/${name}` });
  }
  return faultsOf(ajv, schemaAt(`${folder}/bom-1.6.SNAPSHOT.schema.json`), bom);
}
