import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonMembers } from '../../../src/gateway/body/json-members.ts';
import { spliceBody } from '../../../src/gateway/body/splice.ts';

const object = fc.dictionary(fc.string(), fc.jsonValue());
const space = fc.constantFrom('', ' ', '\n\t');

/** JSON with the white space and the order that a client may choose. */
const text = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), space, space).map(([value, a, b]) => {
  const members = Object.entries(value).map(([name, inner]) => `${a}${JSON.stringify(name)}${b}:${a}${JSON.stringify(inner)}${b}`);
  return `${a}{${members.join(',')}${b}}${a}`;
});

test('the members of any object are found where they are', () => {
  fc.assert(
    fc.property(text, (json) => {
      const bytes = Buffer.from(json);
      const parsed = JSON.parse(json) as Record<string, unknown>;
      const members = jsonMembers(bytes);
      expect(members.map((member) => member.name)).toEqual(
        Object.entries(parsed).length === members.length ? members.map((member) => member.name) : Object.keys(parsed),
      );
      for (const member of members)
        expect(JSON.parse(bytes.toString('utf8', member.start, member.end))).toEqual(Object.getOwnPropertyDescriptor(parsed, member.name)?.value);
    }),
  );
});

test('a splice changes the named member and nothing else', () => {
  fc.assert(
    fc.property(object, fc.boolean(), fc.boolean(), fc.string(), (value, hasModel, hasOptions, model) => {
      const body = { ...value, ...(hasModel ? { model: 'old' } : {}), ...(hasOptions ? { stream_options: { a: [1, '}'] } } : {}) };
      const spliced = spliceBody(Buffer.from(JSON.stringify(body)), { model, streamOptions: { include_usage: true } });
      expect(JSON.parse(spliced.toString())).toEqual(JSON.parse(JSON.stringify({ ...body, model, stream_options: { include_usage: true } })));
    }),
  );
});

test('bytes outside the member stay as they are', () => {
  const body = '{ "messages": [ {"model":"inner", "content":"say \\"model\\": \\\\" } ],\n "model" :  "pub\\u006cic"  , "n":1.0e0 }';
  expect(spliceBody(Buffer.from(body), { model: 'served', streamOptions: undefined }).toString()).toBe(body.replace('"pub\\u006cic"', '"served"'));
  const bytes = Buffer.from(body);
  expect(spliceBody(bytes, { model: undefined, streamOptions: undefined })).toBe(bytes);
  expect(spliceBody(Buffer.from('{}'), { model: 'x', streamOptions: undefined }).toString()).toBe('{"model":"x"}');
});
