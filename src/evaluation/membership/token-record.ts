/** What a scorer needs to know of one text. All log-probabilities are natural logarithms, one for each scored token, in order. */
export interface TokenRecord {
  readonly text: string;
  /** ln p of each token under the model in question. */
  readonly logProbs: readonly number[];
  /** The same under a reference model. With `sameTokenizer` false the two are compared by bytes of text, not token by token. */
  readonly reference?: readonly number[];
  readonly sameTokenizer?: boolean;
  /** Of the lower-cased text, whatever its number of tokens. */
  readonly lowercase?: readonly number[];
  /** Of the text after a prefix of known non-members; the prefix itself is not in it. */
  readonly conditioned?: readonly number[];
  /** Mean and standard deviation of ln p over the vocabulary, at each token. */
  readonly mu?: readonly number[];
  readonly sigma?: readonly number[];
  /** Length of the text compressed by zlib. Python's and Node's differ by up to 5 %: compare scores of one kind only. */
  readonly zlibBytes?: number;
  /** The tokens themselves, to look up how frequent they are. */
  readonly tokens?: readonly string[];
  /** What really follows the prompt, and what the model wrote instead: for models that give no log-probabilities. */
  readonly suffix?: string;
  readonly samples?: readonly string[];
}

/** The scores, in the order in which a primary one is chosen among equals. High means "like a member". */
export const METHODS = ['wbc', 'min-k++', 'min-k', 'loss', 'zlib', 'reference', 'lowercase', 'recall', 'dc-pdd', 'coverage', 'common-substring'] as const;

export type Method = (typeof METHODS)[number];

/** One text with its scores; null or absent where a method cannot score it. */
export interface ScoredRecord {
  readonly id: string;
  readonly text: string;
  readonly member: boolean;
  /** Records are exchanged only within a group when a p-value is computed. */
  readonly group?: string;
  readonly scores: Readonly<Partial<Record<Method, number | null>>>;
}
