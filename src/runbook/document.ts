/** What a Markdown runbook says, in order, before any of it is bound to an operation. */
export interface RunbookDocument {
  readonly sections: readonly RunbookSection[];
  readonly steps: readonly RunbookStep[];
}

/** A heading, or a list item that holds more than its own sentence. */
export interface RunbookSection {
  /** Titles from the document's first heading down to this one. */
  readonly path: readonly string[];
  readonly line: number;
  /** Index of the section around it in `sections`; null at the top. */
  readonly parent: number | null;
}

export interface RunbookStep {
  /** `stp_` and 16 hex digits, from the section's path, the text and how often it came before: edits elsewhere do not change it. */
  readonly id: string;
  readonly kind: 'command' | 'prose';
  /** The command as written, or the sentence of a step that a person does. */
  readonly text: string;
  readonly line: number;
  /** Index in `sections`; null before the first heading. */
  readonly section: number | null;
  /** Folder that `cd` lines of the same block have gone to, from the runbook's root; null after one that cannot be followed. */
  readonly folder: string | null;
}
