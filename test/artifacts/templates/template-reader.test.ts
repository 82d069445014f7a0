import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { findTemplates } from '../../../src/artifacts/templates/find-templates.ts';
import { templateReader } from '../../../src/artifacts/templates/template-reader.ts';
import { scanWith } from '../safetensors/support.ts';

const reader = templateReader({});
const BAD = "{{ ''.__class__ }}";
const find = (value: string): [string, string, number][] => findTemplates(Buffer.from(value)).templates.map(({ name, text, offset }) => [name, text, offset]);

describe('findTemplates', () => {
  it.each<[string, [string, string, number][]]>([
    ['{"chat_template":"a"}', [['default', 'a', 17]]],
    [
      '{"chat_template":[{"name":"default","template":"a"},{"name":"tool","template":"b"}]}',
      [
        ['default', 'a', 47],
        ['tool', 'b', 78],
      ],
    ],
    ['{"chat_template":{"tool":"a"}}', [['tool', 'a', 25]]],
    ['{"x":{"y":[{"chat_template":"a"}]}}', [['default', 'a', 28]]],
    [
      '{"chat_template":"a","chat_template":"b"}',
      [
        ['default', 'a', 17],
        ['default', 'b', 37],
      ],
    ],
    ['{"chat_\\u0074emplate":"a","other":"b"}', [['default', 'a', 22]]],
    ['{"chat_template":null,"template":"b","name":"c"}', []],
  ])('of %s', (text, found) => {
    expect(find(text)).toEqual(found);
  });
});

describe('the reader of chat templates', () => {
  const recognizes = (text: string, name: string): boolean =>
    reader.recognizes(Buffer.from(text).subarray(0, 4096), { source: bytesSource(Buffer.from(text)), name });

  it('takes files of that name, configurations that hold one, and text that is one', () => {
    expect(recognizes('x', 'chat_template.jinja')).toBe(true);
    expect(recognizes('{"chat_template": "x"}', 'tokenizer_config.json')).toBe(true);
    expect(recognizes('{"model_type": "llama"}', 'config.json')).toBe(false);
    expect(recognizes('{% for message in messages %}', 'template')).toBe(true);
    expect(recognizes('Write {% for message in messages %}', 'README.md')).toBe(false);
    expect(recognizes('plain text', 'notes')).toBe(false);
  });

  it('judges every template of a configuration, at the offset of its text', async () => {
    const { findings } = await scanWith(
      reader,
      Buffer.from(`{"chat_template":[{"name":"a","template":"fine"},{"name":"b","template":${JSON.stringify(BAD)}}]}`),
      'tokenizer_config.json',
    );
    expect(new Set(findings.map(({ rule, offset }) => `${rule.id} ${String(offset)}`))).toEqual(new Set(['template-injection 72']));
  });

  it('reads a configuration with a byte order mark', async () => {
    expect((await scanWith(reader, Buffer.from(`\ufeff{"chat_template":${JSON.stringify(BAD)}}`), 'a.json')).ids).toEqual(['template-injection']);
  });

  it('says that a configuration is broken, and still judges what came before', async () => {
    expect((await scanWith(reader, Buffer.from(`{"chat_template":${JSON.stringify(BAD)}`), 'a.json')).ids).toEqual([
      'template-unreadable',
      'template-injection',
    ]);
  });

  it('does not judge templates of Go as Jinja, and says so', async () => {
    const { ids, notChecked } = await scanWith(reader, Buffer.from('{{ if .System }}{{ .System }}{{ end }}'), 'model.template');
    expect(ids).toEqual([]);
    expect(notChecked).toEqual(['chat template']);
  });

  it('takes nothing that is not UTF-8', async () => {
    expect((await scanWith(reader, Buffer.from([0xff, 0xfe, 0x7b]), 'x.jinja')).ids).toEqual(['template-unreadable']);
  });
});
