import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { argvOf } from '../../src/runbook/parameters.ts';
import { processLine } from '../../src/runbook/process-line.ts';

function reasonOf(line: string, folder: string | null = ''): string {
  const found = processLine(catalogue, line, folder);
  return 'reason' in found ? found.reason : `runs ${JSON.stringify(found.words)}`;
}

function argv(line: string, values: Readonly<Record<string, string>> = {}): readonly string[] {
  const found = processLine(catalogue, line, '');
  if ('reason' in found) throw new Error(found.reason);
  return argvOf(found.words, values);
}

describe('what only a shell could do is refused in plain words', () => {
  test.each([
    ['ps aux | grep vllm', 'it uses a pipe (|)'],
    ['cat < in.txt', 'it uses a redirection (<)'],
    ['./report.sh > out.txt', 'it uses a redirection (>)'],
    ['./report.sh 2>&1', 'it uses a redirection (>)'],
    ['./a.sh && ./b.sh', 'it uses several commands in one line or in the background (&)'],
    ['./a.sh &', 'it uses several commands in one line or in the background (&)'],
    ['./a.sh; ./b.sh', 'it uses several commands in one line (;)'],
    ['(./a.sh)', 'it uses a group of commands (()'],
    ['rm *.log', 'it uses a file pattern (*)'],
    ['ls file?', 'it uses a file pattern (?)'],
    ['ls [ab]', 'it uses a file pattern ([)'],
    ['cp a.{txt,bak}', 'it uses a brace expansion ({)'],
    ['kill `pidof x`', 'it uses a command substitution (`)'],
    ['kill "`pidof x`"', 'it uses a command substitution (`)'],
    ['kill $(pidof x)', 'it uses $ for something other than $NAME or ${NAME}'],
    ['echo ${X:-y}', 'it uses $ for something other than $NAME or ${NAME}'],
    ['echo $((1+1))', 'it uses $ for something other than $NAME or ${NAME}'],
    ['ls ~/x', 'it uses a home folder (~)'],
    ['PATH=/evil ./a.sh', 'it sets a variable'],
    ['$CMD --now', 'the command itself is a parameter'],
    ['echo "open', 'a quote (") is not closed'],
    ['echo \\', 'it ends with a backslash'],
    ['', 'it holds no command'],
    ['export X=1', '"export" is a word of the shell'],
    ['for x in a b', '"for" is a word of the shell'],
    ['eval "rm x"', '"eval" is a word of the shell'],
    ['sh -c "rm -rf $X"', 'it gives a shell a script in its arguments'],
    ['sudo bash -ec "$X"', 'it gives a shell a script in its arguments'],
    ['env -i /bin/sh -c ls', 'it gives a shell a script in its arguments'],
    ['sudo $X', 'what it starts is a parameter, or nothing'],
    ['./../outside.sh', "leads out of the runbook's folder"],
  ])('%s', (line, reason) => {
    expect(reasonOf(line)).toContain(reason);
  });

  test('a line after a "cd" that cannot be followed', () => {
    expect(reasonOf('./a.sh', null)).toBe('it follows a "cd" that cannot be followed');
    expect(reasonOf('cd somewhere')).toBe('this "cd" cannot be followed');
  });
});

describe('what looks like one of our operations is never a process', () => {
  test.each([
    ['./security/emergency_isolatoin.sh', 'looks like a path of the room security'],
    ['./securty/emergency_isolation.sh', 'looks like a path of the room security'],
    ['./emergency_isolation.sh', 'looks like the operation "security emergency-isolation"'],
    ['python scripts/revoke_all_session.py', 'looks like the operation "governance revoke-all-sessions"'],
    ['sudo ./security/emergency_isolation.sh', 'looks like a path of the room security'],
    ['bash /opt/x/emergency-isolation.sh', 'looks like the operation "security emergency-isolation"'],
    ['elulmc security nothing', 'is started by its operations only'],
    ['/usr/local/bin/elulmc up', 'is started by its operations only'],
    ['terraform destroy', 'is started by its operations only'],
  ])('%s', (line, reason) => {
    expect(reasonOf(line)).toContain(reason);
  });
});

describe('one program and its arguments', () => {
  test.each([
    ['kubectl get pods -n models', ['kubectl', 'get', 'pods', '-n', 'models']],
    ['./ours.sh "two words" \'$X\' a\\ b # a comment', ['./ours.sh', 'two words', '$X', 'a b']],
    ['sudo systemctl restart vllm', ['sudo', 'systemctl', 'restart', 'vllm']],
    ['bash ./ours.sh -c', ['bash', './ours.sh', '-c']],
    ['echo ""', ['echo', '']],
    ['echo one \\\n  two', ['echo', 'one', 'two']],
  ])('%s', (line, expected) => {
    expect(argv(line)).toEqual(expected);
  });

  test('a value stays one word, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
        (value) => {
          expect(argv('echo --to=$X "$X"', { X: value })).toEqual(['echo', `--to=${value}`, value]);
        },
      ),
    );
  });
});

test('any line is refused with a reason or is words, and none of these is active', () => {
  const piece = fc.constantFrom(...Array.from(' \t\n\'"\\$`|;&<>(){}*?[]~#=/.-'), 'sh', '-c', 'X', './a', 'sudo', '${X}', 'security/');
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 12 }), (pieces) => {
      const found = processLine(catalogue, pieces.join(''), '');
      if ('reason' in found) expect(found.reason).not.toBe('');
      else expect(found.words.length).toBeGreaterThan(0);
    }),
    { numRuns: 2_000 },
  );
});
