import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import type { StepAttributes } from '../../src/runbook/document.ts';
import { parseMarkdown } from '../../src/runbook/markdown.ts';

const LINE = './audits/x.sh';

function attributes(text: string): StepAttributes {
  const [step] = parseMarkdown(text).steps.filter(({ kind }) => kind === 'command');
  if (step === undefined) throw new Error('no command');
  return step.attributes;
}

function fence(info: string): StepAttributes {
  return attributes(`# A\n\n\`\`\`bash ${info}\n${LINE}\n\`\`\`\n`);
}

function front(yaml: string, info = ''): StepAttributes {
  return attributes(`---\n${yaml}\n---\n\n# A\n\n\`\`\`bash ${info}\n${LINE}\n\`\`\`\n`);
}

const NONE: StepAttributes = { name: null, approve: 0, timeoutMs: null, continueOnError: false };

describe('values that are refused with their line', () => {
  test.each([
    ['approve=two', 'approve must be a number of people from 0 to 9'],
    ['approve=10', 'approve must be'],
    ['approve=-1', 'approve must be'],
    ['approve=1.5', 'approve must be'],
    ['approve=', 'approve must be'],
    ['approve', 'approve needs a value'],
    ['approve:2', 'approve is written as approve=VALUE'],
    ['approve = 2', 'approve needs a value'],
    ['approve=1 approve=2', 'approve stands there twice'],
    ['timeout=10', 'timeout must be a duration'],
    ['timeout=0m', 'timeout must be a duration'],
    ['timeout=8d', 'timeout must be a duration of at most 7 days'],
    ['timeout', 'timeout needs a value'],
    ['continue-on-error=maybe', 'continue-on-error must be true or false'],
    ['name=', 'name must be a text'],
    [`name=${'x'.repeat(201)}`, 'name is longer than 200 characters'],
  ])('a fence with %s', (info, message) => {
    const refused: unknown = expect.objectContaining({ code: 'RUNBOOK_INVALID', message: expect.stringContaining(`line 3: ${message}`) as string });
    expect(() => fence(info)).toThrow(refused);
    expect(() => fence(`{${info}}`)).toThrow(refused);
  });

  test.each([
    ['approve: two', 2, 'approve must be'],
    ['title: x\napprove: [2]', 3, 'approve must be'],
    ['approve: 1e1', 2, 'approve must be'],
    ['Approve: many', 2, 'approve must be'],
    ['approve:', 2, 'approve must be'],
    ['timeout: 300', 2, 'timeout must be a duration'],
    ['continue-on-error: yes', 2, 'continue-on-error must be true or false'],
    ['name: [a]', 2, 'name must be a text'],
    ['name: "a\\u001b[2J"', 2, 'name holds a character that is not allowed'],
    ['name: "a\\u202eb"', 2, 'name holds a character that is not allowed'],
    ['description: {a: b}', 2, 'description must be a text'],
    ['name: a\nname: b', 3, 'is not YAML'],
    ['name: "a', 2, 'is not YAML'],
    ['a: &x 1\nb: 2', 2, 'uses an anchor or an alias'],
    ['a: 1\nb: *x', 3, ''],
    [`a: ${'['.repeat(9_000)}`, 2, ''],
  ])('front matter with %j', (yaml, line, message) => {
    expect(() => front(yaml)).toThrow(expect.objectContaining({ code: 'RUNBOOK_INVALID', message: expect.stringContaining(message) as string }));
    if (message !== '') expect(() => front(yaml)).toThrow(`line ${String(line)}: `);
  });

  test('front matter that is too long, and one of ours that is never closed', () => {
    expect(() => front(`a: ${'x'.repeat(20_000)}`)).toThrow('line 1: the front matter is longer than 16384 characters');
    expect(() => parseMarkdown(`---\napprove: 2\n\n# A\n`)).toThrow('line 1: the front matter is never closed');
  });
});

describe('fences', () => {
  test.each([
    ['', NONE],
    ['{name=isolate approve=2 timeout=10m continue-on-error}', { name: 'isolate', approve: 2, timeoutMs: 600_000, continueOnError: true }],
    ['name=isolate approve=2 timeout=10m continue-on-error', { name: 'isolate', approve: 2, timeoutMs: 600_000, continueOnError: true }],
    ['{ name="stop it all" timeout=90s }', { ...NONE, name: 'stop it all', timeoutMs: 90_000 }],
    ["name='a=b'", { ...NONE, name: 'a=b' }],
    ['continue-on-error=false', NONE],
    ['APPROVE=1', { ...NONE, approve: 1 }],
    ['{.line-numbers #id title="approve=2" names=x approved timeouts=1 hl_lines=3}', NONE],
  ])('%s', (info, expected) => {
    expect(fence(info)).toEqual(expected);
  });

  test('the brace may follow the language', () => {
    expect(attributes(`\`\`\`bash{approve=1 name=x}\n${LINE}\n\`\`\`\n`)).toEqual({ ...NONE, approve: 1, name: 'x' });
  });

  test('hold for every line of the fence and for no other step', () => {
    const { steps } = parseMarkdown(`# A\n\`\`\`sh approve=1\n./a.sh\n./b.sh\n\`\`\`\n\`\`\`sh\n./c.sh\n\`\`\`\n- \`./d.sh\`\n- look\n`);
    expect(steps.map(({ attributes: { approve } }) => approve)).toEqual([1, 1, 0, 0, 0]);
  });
});

describe('front matter', () => {
  test('holds for every command, and a fence can only ask for more approvals', () => {
    expect(front('approve: 2\ntimeout: 1h\ncontinue-on-error: true')).toEqual({ name: null, approve: 2, timeoutMs: 3_600_000, continueOnError: true });
    expect(front('approve: 2\ntimeout: 1h\ncontinue-on-error: true', 'approve=1 timeout=5s continue-on-error=false')).toEqual({
      ...NONE,
      approve: 2,
      timeoutMs: 5_000,
    });
    expect(front('approve: 1', 'approve=3').approve).toBe(3);
    const { steps, name, description } = parseMarkdown(
      '---\nname: Daily\ndescription: Each morning.\napprove: 1\ntimeout: 1s\n---\n# A\n- look\n- `./audits/x.sh`\n',
    );
    expect({ name, description }).toEqual({ name: 'Daily', description: 'Each morning.' });
    expect(steps.map((step) => [step.kind, step.line, step.attributes.approve, step.attributes.timeoutMs])).toEqual([
      ['prose', 8, 0, null],
      ['command', 9, 1, 1_000],
    ]);
  });

  test('keys and values of other tools are left alone, and none of them is a step', () => {
    const { steps, name } = parseMarkdown('---\ntags:\n  - ./audits/x.sh\nlayout: page\ndate: 2026-01-01\nx: !!js/function a\n---\n\n# A\n\n- look\n');
    expect(name).toBeNull();
    expect(steps.map(({ text, line }) => `${String(line)} ${text}`)).toEqual(['11 look']);
  });

  test.each(['---\n\n# A\n\n- look\n\n---\n', '---\n# A\n- look\n---\n', '---\n# A\n- look\n', 'x\n\n---\napprove: 2\n---\n\n# A\n- look\n'])(
    '%j has none: a rule is a rule',
    (text) => {
      const document = parseMarkdown(text);
      expect(document.steps.map((step) => step.text)).toEqual(['look']);
      expect(document.sections.at(-1)?.path.at(-1)).toBe('A');
    },
  );
});

const SPECIAL = fc.constantFrom(
  '---\n',
  '```bash\n',
  '```\n',
  '{approve=2',
  'approve: 2\n',
  '- ',
  '# ',
  '&a *a',
  'name="',
  '\n',
  "'",
  '\\',
  '$',
  '`./a`',
  ': ',
  '~~~sh timeout=',
);

test('any text is a runbook or RUNBOOK_INVALID', { timeout: 60_000 }, () => {
  const markdown = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), SPECIAL), { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(markdown, (text) => {
      try {
        const { steps } = parseMarkdown(text);
        expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ElulmcError);
        expect((error as ElulmcError).code).toBe('RUNBOOK_INVALID');
        expect((error as ElulmcError).message).toMatch(/^line \d+: /);
      }
    }),
    { numRuns: 400 },
  );
});

test('attributes and front matter change no id', { timeout: 60_000 }, () => {
  const info = fc.subarray(['name=x', 'approve=3', 'timeout=5m', 'continue-on-error', 'other']).map((words) => words.join(' '));
  const step = fc.constantFrom('./audits/a.sh', './audits/b.sh --x 1', 'kubectl get pods');
  const block = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 4 }), info });
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), fc.boolean(), (blocks, withFront) => {
      const text = (withInfo: boolean): string =>
        blocks
          .map((each, index) => `# S${String(index % 2)}\n\n\`\`\`bash ${withInfo ? each.info : ''}\n${each.steps.join('\n')}\n\`\`\`\n\n- look\n`)
          .join('\n');
      const plain = parseMarkdown(text(false)).steps;
      const decorated = parseMarkdown(`${withFront ? '---\nname: x\napprove: 1\n---\n' : ''}${text(true)}`).steps;
      expect(decorated.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
    }),
    { numRuns: 100 },
  );
});
