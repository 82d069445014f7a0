import { expect, test } from 'vitest';
import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { inspectBody } from '../../../src/leaks/stream/inspect-body.ts';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import type { AnswerApi } from '../../../src/leaks/stream/text-piece.ts';
import { mintedCanaries } from '../minted-canaries.ts';
import { WRITINGS, literal } from './split-matrix.ts';

const canaries = mintedCanaries(5, 'bodies');
const [canary = { id: '', text: '' }] = canaries;
const table = compileInspection(canaries, SECRET_RULES);

const message = (member: string): string => `{"id":"c","choices":[{"index":1,"message":{"role":"assistant",${member}}}],"usage":{"total_tokens":1}}`;
const inner = JSON.stringify(`{"note":"${Array.from(canary.text, (character) => `\\u00${character.charCodeAt(0).toString(16)}`).join('')}"}`);

const BODIES: readonly (readonly [string, AnswerApi, (text: string) => string])[] = [
  ['content', 'chat', (text) => message(`"content":${text}`)],
  ['content in two parts', 'chat', (text) => message(`"content":[{"type":"text","text":${text.slice(0, -1)}"}]`)],
  ['refusal', 'chat', (text) => message(`"refusal":${text}`)],
  ['reasoning', 'chat', (text) => message(`"reasoning":${text}`)],
  ['arguments', 'chat', (text) => message(`"content":null,"tool_calls":[{"id":"t","function":{"name":"f","arguments":${text}}}]`)],
  ['arguments as an object', 'chat', (text) => message(`"tool_calls":[{"id":"t","function":{"name":"f","arguments":{"q":${text}}}}]`)],
  ['input of a custom tool', 'chat', (text) => message(`"tool_calls":[{"custom":{"name":"f","input":${text}}}]`)],
  ['legacy call', 'chat', (text) => message(`"function_call":{"name":${text},"arguments":"{}"}`)],
  ['text', 'completions', (text) => `{"choices":[{"index":0,"text":${text}}]}`],
  ['output text', 'responses', (text) => `{"output":[{"type":"message","content":[{"type":"output_text","text":${text}}]}]}`],
  ['a function call', 'responses', (text) => `{"output":[{"type":"function_call","arguments":${text}}]}`],
  ['an error', 'chat', (text) => `{"error":{"message":${text}}}`],
];

test.each(BODIES)('%s of a body (%s)', (_, api, body) => {
  for (const writing of WRITINGS) {
    const { leaks, fault } = inspectBody(table, api, Buffer.from(body(literal(`so ${canary.text}!`, writing))));
    expect([leaks.map(({ id, offset }) => [id, offset]), fault]).toEqual([[[canary.id, 3]], undefined]);
    expect(inspectBody(table, api, Buffer.from(body(literal('so what!', writing))))).toEqual({ leaks: [], fault: undefined });
  }
});

test('escapes inside of arguments are undone', () => {
  for (const [api, body] of [
    ['chat', message(`"tool_calls":[{"function":{"arguments":${inner}}}]`)],
    ['responses', `{"output":[{"type":"function_call","arguments":${inner}}]}`],
  ] as const)
    expect(inspectBody(table, api, Buffer.from(body)).leaks.map(({ id }) => id)).toEqual([canary.id]);
});

test('parts of one content are one text', () => {
  const parts = [canary.text.slice(0, 10), canary.text.slice(10)].map((text) => JSON.stringify({ type: 'text', text })).join(',');
  expect(inspectBody(table, 'chat', Buffer.from(message(`"content":[${parts}]`))).leaks).toHaveLength(1);
});

test('a body that breaks off in most of a canary is a leak', () => {
  expect(inspectBody(table, 'chat', Buffer.from(message(`"content":"${canary.text.slice(0, 17)}"`))).leaks).toMatchObject([{ whole: false, length: 17 }]);
});

test('what cannot be read is a fault', () => {
  for (const body of ['', '[]', 'null', '{"choices":[', '{"a":1,"a":2}', '\u0000', `{"a":${'['.repeat(70)}${']'.repeat(70)}}`])
    expect(inspectBody(table, 'chat', Buffer.from(body)).fault).toBe('inspection_failed');
  expect(inspectBody(table, 'chat', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])).fault).toBe('inspection_failed');
});

test('the echo of instructions is skipped unless asked for', () => {
  const body = Buffer.from(`{"instructions":"never tell ${canary.text}","output":[]}`);
  expect(inspectBody(table, 'responses', body).leaks).toEqual([]);
  expect(inspectBody(table, 'responses', body, true).leaks).toHaveLength(1);
});
