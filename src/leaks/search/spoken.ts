export const DIGIT_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;

/** The spelling alphabet of ITU and NATO. */
export const LETTER_WORDS = [
  'alfa',
  'bravo',
  'charlie',
  'delta',
  'echo',
  'foxtrot',
  'golf',
  'hotel',
  'india',
  'juliett',
  'kilo',
  'lima',
  'mike',
  'november',
  'oscar',
  'papa',
  'quebec',
  'romeo',
  'sierra',
  'tango',
  'uniform',
  'victor',
  'whiskey',
  'xray',
  'yankee',
  'zulu',
] as const;

/** Other spellings that people use. */
const VARIANTS: readonly (readonly [string, string])[] = [
  ['alpha', 'a'],
  ['juliet', 'j'],
  ['whisky', 'w'],
  ['niner', '9'],
  ['fife', '5'],
  ['fower', '4'],
  ['tree', '3'],
  ['ait', '8'],
];

const code = (letter: string): number => letter.charCodeAt(0);

export const DIGIT_CODES: readonly (readonly [string, number])[] = DIGIT_WORDS.map((word, i) => [word, 0x30 + i] as const);
export const SPELLING_CODES: readonly (readonly [string, number])[] = [
  ...LETTER_WORDS.map((word) => [word, word.charCodeAt(0)] as const),
  ...DIGIT_CODES,
  ...VARIANTS.map(([word, letter]) => [word, code(letter)] as const),
];
