/** Which table of text fields an answer follows (gateway reference, section 4.1). */
export type AnswerApi = 'chat' | 'completions' | 'responses';

/** One string of an answer that may carry text of the model. */
export interface TextPiece {
  /** Choice of chat and completions, output item of Responses; empty for what belongs to none. */
  readonly choice: string;
  /** With `choice` the text that it continues. */
  readonly field: string;
  /** Name of the member that holds it. */
  readonly name: string;
  readonly text: string;
  /** It is whole: a text of its own, whatever stood under this name before. */
  readonly whole: boolean;
  /** JSON in a JSON string: read once more without its escapes. */
  readonly nested: boolean;
}

/** Collects the pieces of one event or body in the order in which they stand in it. */
export class PieceList {
  readonly pieces: TextPiece[] = [];
  readonly choice: string;
  /** Everything is whole, as in events that repeat what was sent before. */
  readonly whole: boolean;

  constructor(choice = '', whole = false, pieces: TextPiece[] = []) {
    this.choice = choice;
    this.whole = whole;
    this.pieces = pieces;
  }

  /** The same list, for another choice. */
  for(choice: string, whole: boolean): PieceList {
    return new PieceList(choice, whole, this.pieces);
  }

  /** Text that goes on from event to event. Empty strings and what is no string add nothing. */
  add(field: string, name: string, text: unknown, nested = false, whole = this.whole): void {
    if (typeof text === 'string' && text !== '') this.pieces.push({ choice: this.choice, field, name, text, whole, nested });
  }

  /** All strings in a value that no table names, member names included: what the model server invents is inspected too. */
  addAll(field: string, name: string, value: unknown, whole = true): void {
    if (typeof value === 'string') this.add(field, name, value, name === 'arguments', whole || this.whole);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      value.forEach((one: unknown, at) => this.addAll(`${field}.${indexOf(one, at)}`, name, one, whole));
      return;
    }
    for (const [member, one] of Object.entries(value)) {
      if (member.length >= 8) this.add(`${field}.*`, '', member, false, true);
      this.addAll(`${field}.${member}`, member, one, whole);
    }
  }
}

/** What tells the entries of a list apart: their `index`, else their place. */
export function indexOf(entry: unknown, at: number): string {
  const index = typeof entry === 'object' && entry !== null && 'index' in entry ? entry.index : at;
  return typeof index === 'number' || typeof index === 'string' ? String(index) : String(at);
}

/** The tokens of log probabilities repeat the text, and may run ahead of it: together they are a text of their own. */
export function addTokens(list: PieceList, field: string, entries: unknown): void {
  if (!Array.isArray(entries)) return;
  for (const entry of entries as readonly unknown[]) {
    if (typeof entry === 'string') list.add(field, 'token', entry);
    else if (typeof entry === 'object' && entry !== null && 'token' in entry) list.add(field, 'token', entry.token);
  }
}
