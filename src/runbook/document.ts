/** What a Markdown runbook says, in order, before any of it is bound to an operation. */
export interface RunbookDocument {
  /** `name` of the front matter; null without one. */
  readonly name: string | null;
  /** `description` of the front matter; null without one. */
  readonly description: string | null;
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

/** What the front matter (for all steps) and the info string of a fence (for its lines) may say about steps. */
export interface StepAttributes {
  readonly name: string | null;
  /** `approve=2`: people who must sign before each line, at least; 0 without one. */
  readonly approve: number;
  /** `timeout=10m`; null: no limit beside the operation's own. */
  readonly timeoutMs: number | null;
  /** `continue-on-error`: the run goes on after a failure of such a step. */
  readonly continueOnError: boolean;
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
  readonly attributes: StepAttributes;
}
