import { describe, expect, test } from 'vitest';
import { bindLine } from '../../src/runbook/bind.ts';
import type { BoundCommand } from '../../src/runbook/bind.ts';
import { inputOf, parameterNeeds } from '../../src/runbook/parameters.ts';
import { probe } from './probe-catalogue.ts';

const entries = [
  probe({ singleDash: ['fail'] }),
  probe({ name: 'named', runbookLine: 'audits/inner/other_words.py' }),
  probe({ name: 'with-parameter', parameters: { target: 'SYSTEM' } }),
  probe({ room: 'infrastructure', name: 'terraform-plan' }),
];

async function bound(line: string, folder = ''): Promise<BoundCommand> {
  const binding = await bindLine(entries, line, folder);
  if ('reason' in binding) throw new Error(binding.reason);
  return binding;
}

async function unbound(line: string, folder: string | null = ''): Promise<string> {
  const binding = await bindLine(entries, line, folder);
  return 'reason' in binding ? binding.reason : `bound to ${binding.entry.name}`;
}

describe('what does not bind', () => {
  test.each([
    ['./audits/probe.sh --nope', 'audits probe has no option --nope'],
    ['./audits/probe.sh -verdict=ok', 'has no option -verdict'],
    ['./audits/probe.sh --verdict', 'needs a value after --verdict'],
    ['./audits/probe.sh --verdict --full', 'needs a value after --verdict'],
    ['./audits/probe.sh --verdict bad', '--verdict: "bad" is not one of ok, finding, inconclusive'],
    ['./audits/probe.sh --count ten', '--count: "ten" is not a number'],
    ['./audits/probe.sh --count 11', '--count'],
    ['./audits/probe.sh --full=maybe', '--full: "maybe" is not true or false'],
    ['./audits/probe.sh --count 1 --count 2', 'was given --count twice'],
    ['./audits/probe.sh one two', 'takes no argument "two"'],
    ['./audits/nothing.sh', 'no operation "audits nothing"'],
    ['./elsewhere/probe.sh', 'in no room'],
    ['./probe.sh', 'in no room'],
    ['/audits/probe.sh', "leads out of the runbook's folder"],
    ['../audits/probe.sh', "leads out of the runbook's folder"],
    ['./audits/../../probe.sh', "leads out of the runbook's folder"],
    ['probe.sh', "is not a command of the runbook's rooms"],
    ['rm -rf /', "is not a command of the runbook's rooms"],
    ['python -c print', 'not followed by a file'],
    ['python', 'not followed by a file'],
    ['terraform destroy', 'no operation "infrastructure terraform-destroy"'],
    ['elulmc up', 'no operation "up "'],
    ['./audits/constructor', 'no operation'],
  ])('%s: %s', async (line, expected) => {
    expect(await unbound(line)).toContain(expected);
  });

  test('nothing binds after a cd that cannot be followed', async () => {
    expect(await unbound('./audits/probe.sh', null)).toContain('cannot be followed');
  });
});

test.each([
  ['./audits/probe.sh', '', 'probe'],
  ['audits/probe.sh', '', 'probe'],
  ['python audits/probe.py', '', 'probe'],
  ['bash ./audits/probe.sh', '', 'probe'],
  ['./audits/inner/deeper/probe.yml', '', 'probe'],
  ['./probe.sh', 'audits', 'probe'],
  ['./audits/with_parameter.sh', '', 'with-parameter'],
  ['./audits/inner/other_words.py', '', 'named'],
  ['terraform plan', 'infrastructure/terraform', 'terraform-plan'],
  ['elulmc audits probe', '', 'probe'],
])('%s in %j binds to %s', async (line, folder, name) => {
  expect((await bound(line, folder)).entry.name).toBe(name);
});

test('options, arguments, lists and switches become the input', async () => {
  const line = './audits/probe.sh here --count 3 --verdict=finding --full --no-verify --tag a --tag "b c" -fail=ISOLATED';
  expect(inputOf(await bound(line), {})).toEqual({
    target: 'here',
    count: 3,
    verdict: 'finding',
    full: true,
    verify: false,
    tag: ['a', 'b c'],
    fail: 'ISOLATED',
  });
  expect(inputOf(await bound('./audits/probe.sh -- --full'), {})).toEqual({ target: '--full' });
});

describe('parameters', () => {
  test('take type and secrecy from the field that uses them', async () => {
    const command = await bound('./audits/probe.sh --approval-token $TOKEN --count ${N} --tag pre-$N');
    expect(parameterNeeds([command])).toMatchObject([
      { name: 'TOKEN', secret: true, optional: false, description: 'Token of the approval.' },
      { name: 'N', secret: false, optional: false },
    ]);
    expect(inputOf(command, { TOKEN: 'a; rm -rf / $X', N: '4' })).toEqual({ approvalToken: 'a; rm -rf / $X', count: 4, tag: ['pre-4'] });
  });

  test('a value that does not fit is refused by the name of the option, and a secret is not shown', async () => {
    expect(() => inputOf(commandWithCount, { N: 'x' })).toThrow('--count: "x" is not a number');
    expect(() => inputOf(commandWithCount, {})).toThrow('the parameter N has no value');
    expect(() => inputOf(commandWithCount, Object.create({ N: '1' }) as Record<string, string>)).toThrow('the parameter N has no value');
  });

  test('a declared parameter stands in for a field that the line leaves out, and may stay without a value', async () => {
    const command = await bound('./audits/with_parameter.sh');
    expect(parameterNeeds([command])).toMatchObject([{ name: 'SYSTEM', optional: true }]);
    expect(inputOf(command, {})).toEqual({});
    expect(inputOf(command, { SYSTEM: 'primary' })).toEqual({ target: 'primary' });
    expect(parameterNeeds([await bound('./audits/with_parameter.sh other')])).toEqual([]);
  });
});

const commandWithCount = await bound('./audits/probe.sh --count $N');
