/** A piece of a word: text as it is, or a parameter of the run that gives the text later. */
export type WordPart = { readonly text: string } | { readonly parameter: string };

/** One word of a command line. Never empty of parts; `''` is one part with empty text. */
export type Word = readonly WordPart[];

/** A command line that is one command with its words, or the reason why it is more than that. */
export type CommandLine = { readonly words: readonly Word[] } | { readonly reason: string };

/** A command of a fenced block, quotes and continuations kept; `line` counts from the block's first line, which is 0. */
export interface ScriptCommand {
  readonly text: string;
  readonly line: number;
}

const PARAMETER = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/y;
/** What a shell would act upon. A runbook line is never given to a shell, so none of it may pass as plain text. */
const ACTIVE: Readonly<Record<string, string>> = {
  '|': 'a pipe',
  '<': 'a redirection',
  '>': 'a redirection',
  ';': 'several commands in one line',
  '&': 'several commands in one line or in the background',
  '(': 'a group of commands',
  ')': 'a group of commands',
  '{': 'a brace expansion',
  '}': 'a brace expansion',
  '`': 'a command substitution',
  '*': 'a file pattern',
  '?': 'a file pattern',
  '[': 'a file pattern',
  '\n': 'several commands in one line',
};

class NotSimple extends Error {}

class WordReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  words(): readonly Word[] {
    const words: Word[] = [];
    for (;;) {
      this.#skipBlanks();
      const next = this.#line.charAt(this.#at);
      if (next === '' || next === '#') return words;
      words.push(this.#word());
    }
  }

  #skipBlanks(): void {
    while (this.#line.startsWith('\\\n', this.#at) || ' \t'.includes(this.#line.charAt(this.#at) || '.')) {
      this.#at += this.#line.charAt(this.#at) === '\\' ? 2 : 1;
    }
  }

  #word(): Word {
    const parts: WordPart[] = [];
    if (this.#line.charAt(this.#at) === '~') throw new NotSimple('it uses a home folder (~)');
    while (this.#at < this.#line.length && !' \t'.includes(this.#line.charAt(this.#at))) {
      parts.push(...this.#piece());
    }
    return joined(parts);
  }

  #piece(): readonly WordPart[] {
    const character = this.#line.charAt(this.#at);
    switch (character) {
      case "'":
        return [this.#singleQuoted()];
      case '"':
        return this.#doubleQuoted();
      case '\\':
        return [this.#escaped()];
      case '$':
        return [this.#parameter()];
      default: {
        const meaning = ACTIVE[character];
        if (meaning !== undefined) throw new NotSimple(`it uses ${meaning} (${character === '\n' ? 'a line break' : character})`);
        this.#at += 1;
        return [{ text: character }];
      }
    }
  }

  #singleQuoted(): WordPart {
    const end = this.#line.indexOf("'", this.#at + 1);
    if (end === -1) throw new NotSimple("a quote (') is not closed");
    const text = this.#line.slice(this.#at + 1, end);
    this.#at = end + 1;
    return { text };
  }

  #doubleQuoted(): readonly WordPart[] {
    const parts: WordPart[] = [{ text: '' }];
    this.#at += 1;
    for (;;) {
      const character = this.#line.charAt(this.#at);
      if (character === '') throw new NotSimple('a quote (") is not closed');
      if (character === '"') break;
      if (character === '`') throw new NotSimple('it uses a command substitution (`)');
      if (character === '$') parts.push(this.#parameter());
      else parts.push({ text: this.#quotedCharacter(character) });
    }
    this.#at += 1;
    return parts;
  }

  /** Inside double quotes a backslash escapes only what would be active there. */
  #quotedCharacter(character: string): string {
    const next = this.#line.charAt(this.#at + 1);
    const escapes = character === '\\' && next !== '' && '"\\$`\n'.includes(next);
    this.#at += escapes ? 2 : 1;
    if (!escapes) return character;
    return next === '\n' ? '' : next;
  }

  #escaped(): WordPart {
    const next = this.#line.charAt(this.#at + 1);
    if (next === '') throw new NotSimple('it ends with a backslash');
    this.#at += 2;
    return { text: next === '\n' ? '' : next };
  }

  #parameter(): WordPart {
    PARAMETER.lastIndex = this.#at;
    const match = PARAMETER.exec(this.#line);
    const name = match?.[1] ?? match?.[2];
    if (match === null || name === undefined) throw new NotSimple('it uses $ for something other than $NAME or ${NAME}');
    this.#at += match[0].length;
    return { parameter: name };
  }
}

/** Joins neighboring texts, so that a word without parameters has exactly one part. */
function joined(parts: readonly WordPart[]): Word {
  const result: WordPart[] = [];
  let text: string | undefined;
  for (const part of parts) {
    if ('text' in part) {
      text = (text ?? '') + part.text;
      continue;
    }
    if (text !== undefined && text !== '') result.push({ text });
    text = undefined;
    result.push(part);
  }
  if (text !== undefined && (text !== '' || result.length === 0)) result.push({ text });
  return result;
}

/** The word's text, or undefined when it holds a parameter. */
export function plainText(word: Word): string | undefined {
  const texts = word.map((part) => ('text' in part ? part.text : undefined));
  return texts.every((text) => text !== undefined) ? texts.join('') : undefined;
}

/**
 * Reads one command line by the quoting rules of POSIX sh (XCU 2.2), without expanding or running anything.
 * Whatever a shell would do more than split words makes the line not simple.
 */
export function readCommandLine(line: string): CommandLine {
  try {
    const words = new WordReader(line).words();
    const first = words[0];
    if (first === undefined) return { reason: 'it holds no command' };
    const command = plainText(first);
    if (command === undefined) return { reason: 'the command itself is a parameter' };
    if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(command)) return { reason: 'it sets a variable' };
    return { words };
  } catch (error) {
    if (error instanceof NotSimple) return { reason: error.message };
    throw error;
  }
}

type Quote = '' | "'" | '"';

/** The quote that is open after `line`, and whether the line goes on in the next one. */
function scanLine(line: string, open: Quote): { readonly quote: Quote; readonly continues: boolean } {
  let quote = open;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== "'" && character === '\\') {
      if (at === line.length - 1) return { quote, continues: true };
      at += 1;
    } else if (quote === '' && character === '#' && (at === 0 || ' \t'.includes(line.charAt(at - 1)))) {
      return { quote, continues: false };
    } else if (character === "'" || character === '"') {
      if (quote === '') quote = character;
      else if (quote === character) quote = '';
    }
  }
  return { quote, continues: quote !== '' };
}

/** Splits a fenced block into its commands: comments and blank lines go, continued and quoted lines stay together. */
export function splitScript(script: string): readonly ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  let pending: { readonly line: number; readonly lines: string[] } | undefined;
  let quote: Quote = '';
  script.split('\n').forEach((line, index) => {
    const scanned = scanLine(line, quote);
    quote = scanned.quote;
    pending ??= { line: index, lines: [] };
    pending.lines.push(line);
    if (scanned.continues) return;
    commands.push({ text: pending.lines.join('\n').trim(), line: pending.line });
    pending = undefined;
  });
  if (pending !== undefined) commands.push({ text: pending.lines.join('\n').trim(), line: pending.line });
  return commands.filter(({ text }) => text !== '' && !text.startsWith('#'));
}
