import { extensionOf } from '../scan/extensions.ts';

/** `document`: for readers. `code`: for interpreters. `data`: for programs. `records`: rows of texts for training, whatever they say. */
export type TextKind = 'document' | 'code' | 'data' | 'records';

const NAMES: Readonly<Partial<Record<string, TextKind>>> = Object.fromEntries(
  (
    [
      ['document', 'md markdown rst txt html htm tex adoc log ipynb svg vtt srt bib cff'],
      ['code', 'py pyw pyi pyx sh bash zsh fish ps1 psm1 bat cmd js mjs cjs ts rb pl lua php vbs awk r jl go rs c cc cpp cxx h hpp cu java scala swift kt'],
      ['records', 'csv tsv jsonl ndjson'],
    ] as const
  ).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind] as const)),
);
const DOCUMENTS =
  /(?:^|\/)(?:readme|licen[cs]e|copying|notice|authors|contributors|contributing|changelog|changes|history|security|citation|use_policy|usage_policy|code_of_conduct|model_card)(?:[._-][\w.-]*)?$/i;

/** What a text is for, by its name. */
export function textKind(name: string): TextKind {
  return NAMES[extensionOf(name)] ?? (DOCUMENTS.test(name) ? 'document' : 'data');
}
