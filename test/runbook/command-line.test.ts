import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText, readCommandLine, splitScript } from '../../src/runbook/command-line.ts';

function words(line: string): readonly (string | undefined)[] {
  const command = readCommandLine(line);
  if ('reason' in command) throw new Error(command.reason);
  return command.words.map(plainText);
}

function reason(line: string): string {
  const command = readCommandLine(line);
  return 'reason' in command ? command.reason : `bound as ${command.words.map(plainText).join('|')}`;
}

describe('lines that a shell would do more with', () => {
  test.each([
    ['./a.sh | tee log', 'a pipe'],
    ['./a.sh > out', 'a redirection'],
    ['./a.sh < in', 'a redirection'],
    ['./a.sh; ./b.sh', 'several commands'],
    ['./a.sh && ./b.sh', 'several commands'],
    ['./a.sh &', 'several commands'],
    ['(./a.sh)', 'a group'],
    ['./a.sh $(id)', 'something other than $NAME'],
    ['./a.sh "$(id)"', 'something other than $NAME'],
    ['./a.sh `id`', 'command substitution'],
    ['./a.sh "`id`"', 'command substitution'],
    ['./a.sh ${A:-b}', 'something other than $NAME'],
    ['./a.sh $1', 'something other than $NAME'],
    ['./a.sh *.bin', 'file pattern'],
    ['./a.sh {a,b}', 'brace'],
    ['~/a.sh', 'home folder'],
    ['A=b ./a.sh', 'sets a variable'],
    ['$TOOL ./a.sh', 'parameter'],
    ["./a.sh 'open", 'not closed'],
    ['./a.sh "open', 'not closed'],
    ['./a.sh \\', 'ends with a backslash'],
    ['./a.sh\n./b.sh', 'several commands'],
    ['# only a comment', 'no command'],
    ['', 'no command'],
  ])('%j is not simple', (line, expected) => {
    expect(reason(line)).toContain(expected);
  });
});

test.each([
  ['./a.sh --x y', ['./a.sh', '--x', 'y']],
  ['./a.sh \'b c\' "d e" f\\ g', ['./a.sh', 'b c', 'd e', 'f g']],
  ["./a.sh ''", ['./a.sh', '']],
  ['./a.sh \'$X\' "\\$X" "a\\b"', ['./a.sh', '$X', '$X', 'a\\b']],
  ["./a.sh --x='b c'd", ['./a.sh', '--x=b cd']],
  ['./a.sh a#b # comment', ['./a.sh', 'a#b']],
  ['./a.sh \\\n  --x', ['./a.sh', '--x']],
  ["./a.sh '| ; & > *'", ['./a.sh', '| ; & > *']],
])('%j has the words %j', (line, expected) => {
  expect(words(line)).toEqual(expected);
});

test('parameters stay references, also inside a word', () => {
  const command = readCommandLine('./a.sh --t $TOKEN "x-${A_1}-y"');
  expect(command).toEqual({
    words: [[{ text: './a.sh' }], [{ text: '--t' }], [{ parameter: 'TOKEN' }], [{ text: 'x-' }, { parameter: 'A_1' }, { text: '-y' }]],
  });
});

/** Mostly what means something to a shell. */
const hostile = fc.constantFrom('\u{1f600}', ...'ab \t\n\'"\\$`|<>;&(){}[]*?~#=-ü'.split(/(?:)/u));

test('any words survive quoting', () => {
  const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: hostile }), { minLength: 1, maxLength: 6 }), (given) => {
      const all = ['./a.sh', ...given];
      expect(words(all.map(quoted).join(' '))).toEqual(all);
    }),
  );
});

test('no line throws, and what is simple has no active character outside of quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: hostile, maxLength: 40 }), (line) => {
      const command = readCommandLine(line);
      if ('reason' in command || /['"\\]/.test(line)) return;
      expect(line.replace(/(^|\s)#.*/s, '')).not.toMatch(/[|<>;&()`*?[{}]/);
    }),
  );
});

test('a script is split into its commands with their lines', () => {
  const script = '# comment\n\n./a.sh --x \\\n  y\n./b.sh "two\nlines"\n  ./c.sh\n# end';
  expect(splitScript(script)).toEqual([
    { text: './a.sh --x \\\n  y', line: 2 },
    { text: './b.sh "two\nlines"', line: 4 },
    { text: './c.sh', line: 6 },
  ]);
});

test('a quote that is never closed takes the rest of the script with it', () => {
  expect(splitScript("./a.sh 'x\n./b.sh")).toEqual([{ text: "./a.sh 'x\n./b.sh", line: 0 }]);
});
