import type { BomComponent, BomLicense, BomModelCard } from './cyclonedx-shapes.ts';
import type { ScanDocument } from './scan-document.ts';

/** Licences as model cards write them, in lower case -> SPDX. Others keep their words: a wrong id would say more than is known. */
const SPDX: ReadonlyMap<string, string> = new Map(
  [
    'Apache-2.0',
    'MIT',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'ISC',
    'GPL-2.0-only',
    'GPL-3.0-only',
    'LGPL-3.0-only',
    'AGPL-3.0-only',
    'MPL-2.0',
    'CC0-1.0',
    'CC-BY-4.0',
    'CC-BY-SA-4.0',
    'CC-BY-NC-4.0',
    'CC-BY-NC-SA-4.0',
    'Unlicense',
  ].map((id) => [id.toLowerCase(), id]),
);

export function licensesOf({ license }: ScanDocument['facts']): { readonly licenses?: readonly BomLicense[] } {
  if (license === null) return {};
  const id = SPDX.get(license.toLowerCase());
  return { licenses: [{ license: id === undefined ? { name: license.toWellFormed() } : { id } }] };
}

/** Base models are ancestors. */
export function pedigreeOf({ baseModels }: ScanDocument['facts']): { readonly pedigree?: { readonly ancestors: readonly BomComponent[] } } {
  if (baseModels.length === 0) return {};
  return { pedigree: { ancestors: baseModels.map((name) => ({ type: 'machine-learning-model', name: name.toWellFormed() })) } };
}

/** What the files of the model state about it; nobody has checked it. */
export function modelCardOf({ facts }: ScanDocument): BomModelCard {
  const { task, architecture, datasets, languages, sources } = facts;
  const properties = [
    ...languages.map((value) => ({ name: 'elulmc:language', value: value.toWellFormed() })),
    ...sources.map((value) => ({ name: 'elulmc:stated-in', value: value.toWellFormed() })),
  ];
  return {
    modelParameters: {
      ...(task === null ? {} : { task: task.toWellFormed() }),
      ...(architecture === null ? {} : { modelArchitecture: architecture.toWellFormed() }),
      ...(datasets.length === 0 ? {} : { datasets: datasets.map((name) => ({ type: 'dataset' as const, name: name.toWellFormed() })) }),
    },
    ...(properties.length === 0 ? {} : { properties }),
  };
}
