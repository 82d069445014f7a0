/** Text of others inside Markdown that we write: it stays text. */

/** One line of running text or a table's cell, never empty: nothing in it is markup, a link or HTML, and it begins no list. */
export function plainMarkdown(text: string): string {
  const plain = text
    .replaceAll(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>|&#~]/g, (character) => `\\${character}`)
    .replace(/^[-+=]/, (character) => `\\${character}`)
    .replace(/^(\d+)([.)])/, '$1\\$2');
  // An empty list item would make a heading of the line above it.
  return plain === '' ? '(empty)' : plain;
}

/** A code span: with more backticks around it than in it. */
export function codeSpan(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  const ticks = '`'.repeat(longestRun(line, '`') + 1);
  return `${ticks} ${line === '' ? '-' : line.replaceAll('|', '\\|')} ${ticks}`;
}

/**
 * A fenced block that its content cannot end: the fence is longer than any in it, and each line is moved in by a space, so
 * that none of them begins as one of our own fences does.
 */
export function fencedText(text: string): readonly string[] {
  const fence = '~'.repeat(Math.max(3, longestRun(text, '~') + 1));
  // eslint-disable-next-line no-control-regex -- these are the characters that it takes out
  const lines = text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?').split('\n');
  return [`${fence}text`, ...lines.map((line) => ` ${line}`), fence];
}

function longestRun(text: string, character: string): number {
  let longest = 0;
  let run = 0;
  for (const each of text) {
    run = each === character ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
