import { cyclonedxReport } from './cyclonedx-report.ts';
import { sarifReport } from './sarif-report.ts';
import type { ScanDocument } from './scan-document.ts';
import { textReport } from './text-report.ts';

/** JSON in which no character steers a terminal, so that what is printed is what was meant. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** The lines that stdout gets, in the format that the document asks for. */
export function drawReport(document: ScanDocument): readonly string[] {
  switch (document.format) {
    case 'json':
      return [jsonText(document)];
    case 'sarif':
      return [jsonText(sarifReport(document))];
    case 'cyclonedx':
      return [jsonText(cyclonedxReport(document))];
    case 'text':
      return textReport(document);
  }
}
