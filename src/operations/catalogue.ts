import type { CatalogueEntry } from './catalogue/entry.ts';
import { auditsCatalogue } from './catalogue/audits.ts';
import { deploymentCatalogue } from './catalogue/deployment.ts';
import { governanceCatalogue } from './catalogue/governance.ts';
import { securityCatalogue } from './catalogue/security.ts';

export type { CatalogueEntry } from './catalogue/entry.ts';

/** Every operation, room by room. test/operations/catalogue.test.ts holds each row to its declaration. */
export const catalogue: readonly CatalogueEntry[] = [...securityCatalogue, ...governanceCatalogue, ...deploymentCatalogue, ...auditsCatalogue];

export function byName(room: string, name: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.room === room && entry.name === name);
}

/** `path` as the document writes it, without `./`: `security/emergency_isolation.sh`. */
export function byRunbookPath(path: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.runbookLine === path);
}
