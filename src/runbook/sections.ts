import { ElulmcError } from '../core/errors.ts';
import type { RunbookDocument, RunbookStep } from './document.ts';

const MAX_CANDIDATES = 20;

/** Names the whole document where a section is asked for. */
export const WHOLE_DOCUMENT = '/';

/** Case, emphasis, numbering and trailing punctuation do not tell sections apart. */
function normalized(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[*_`]+/g, '')
    .trim()
    .replace(/^\d+(?:\.\d+)*[.)]?\s+/, '')
    .replace(/[\s\p{P}]+$/u, '')
    .replaceAll(/\s+/g, ' ');
}

function segmentsOf(titles: readonly string[]): readonly string[] {
  return titles.flatMap((title) => title.split('/')).map(normalized);
}

function endsWith(path: readonly string[], wanted: readonly string[]): boolean {
  const start = path.length - wanted.length;
  return start >= 0 && wanted.every((segment, index) => path[start + index] === segment);
}

function listed(document: RunbookDocument, sections: readonly number[]): string {
  const shown = sections.slice(0, MAX_CANDIDATES).map((index) => {
    const section = document.sections[index];
    return `"${section?.path.join('/') ?? ''}" (line ${String(section?.line ?? 0)})`;
  });
  const more = sections.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}

function isInside(document: RunbookDocument, step: RunbookStep, section: number): boolean {
  let at = step.section;
  while (at !== null && at !== section) at = document.sections[at]?.parent ?? null;
  return at === section;
}

/** Whether nobody needs to say which section: the document calls itself a runbook by a name, or has one section with steps. */
function runsWhole(document: RunbookDocument): boolean {
  return document.name !== null || new Set(document.steps.map(({ section }) => section)).size === 1;
}

/**
 * The section that `wanted` names by the end of its path: `Immediate Actions`, `Model Compromise Response/Immediate
 * Actions`. A whole path goes before ends of paths. Null is the whole document: asked for by `/`, or by nothing where the
 * document has a name in its front matter or one section with steps. USAGE lists the candidates when there is none or more
 * than one.
 */
export function findSection(document: RunbookDocument, wanted: string | undefined): number | null {
  const all = document.sections.map((_section, index) => index);
  const withSteps = all.filter((index) => document.steps.some((step) => step.section === index));
  if (wanted === WHOLE_DOCUMENT || (wanted === undefined && runsWhole(document))) return null;
  if (wanted === undefined) {
    throw new ElulmcError('USAGE', `name the section to run with --section, or --all; this runbook has ${listed(document, withSteps)}`, { field: 'section' });
  }
  const segments = segmentsOf([wanted]);
  const ends = all.filter((index) => endsWith(segmentsOf(document.sections[index]?.path ?? []), segments));
  const whole = ends.filter((index) => segmentsOf(document.sections[index]?.path ?? []).length === segments.length);
  const found = whole.length === 1 ? whole : ends;
  const [first] = found;
  if (first === undefined)
    throw new ElulmcError('USAGE', `there is no section "${wanted}"; this runbook has ${listed(document, withSteps)}`, { field: 'section' });
  if (found.length > 1) throw new ElulmcError('USAGE', `several sections are called "${wanted}": ${listed(document, found)}`, { field: 'section' });
  return first;
}

/** The steps of a section and of everything inside it, in the order of the document; all of them for null. */
export function stepsOf(document: RunbookDocument, section: number | null): readonly RunbookStep[] {
  return section === null ? document.steps : document.steps.filter((step) => isInside(document, step, section));
}

/** What a person calls the document: `name` of its front matter, else its first heading. */
export function titleOf(document: RunbookDocument): string {
  return document.name ?? document.sections[0]?.path[0] ?? 'runbook';
}

/** The section as text that findSection takes: titles from the first heading down, or `/`. */
export function sectionText(document: RunbookDocument, section: number | null): string {
  return section === null ? WHOLE_DOCUMENT : (document.sections[section]?.path.join('/') ?? '');
}
