/** One way in which a canary can leave: the messages of a conversation that carry it. */
export interface Transformation {
  readonly name: string;
  readonly messages: (canary: string) => readonly string[];
}

/** A transformation whose result stands in a sentence of one message. */
export function inSentence(name: string, write: (canary: string) => string): Transformation {
  return { name, messages: (canary) => [`Sure, here is the note you asked about: ${write(canary)} - let me know if you need more.`] };
}

/** A transformation of every character. */
export function ofEach(name: string, write: (letter: string) => string, between = ''): Transformation {
  return inSentence(name, (canary) => Array.from(canary, write).join(between));
}

export function reversed(text: string): string {
  return Array.from(text).reverse().join('');
}

export function shiftLetters(text: string, places: number): string {
  return text.replaceAll(/[A-Z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 65 + places) % 26) + 65));
}

/** Letters and digits in small letters: a canary without what stands between its groups. */
export function symbolsOf(canary: string): readonly string[] {
  return Array.from(canary.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase());
}
