import { expect, test } from 'vitest';
import { buildOpenApi } from '../../src/api/openapi.ts';
import { asRecord } from '../../src/core/json.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { startApi } from './control-api-fixture.ts';

const document = await buildOpenApi(catalogue, '1.2.3');

function* references(value: unknown): Generator<string> {
  for (const [name, member] of Object.entries(asRecord(value) ?? (Array.isArray(value) ? value : {}))) {
    if (name === '$ref' && typeof member === 'string') yield member;
    else yield* references(member);
  }
}

test('every operation is a path, with its fields', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  const paths = asRecord(document['paths']) ?? {};
  for (const { room, name } of catalogue) expect(Object.keys(paths)).toContain(`/v1/operations/${room}/${name}`);
  expect(paths['/v1/operations/security/emergency-isolation']).toMatchObject({
    post: {
      operationId: 'security.emergency-isolation',
      requestBody: {
        required: false,
        content: { 'application/json': { schema: { additionalProperties: false, properties: { all: { type: 'boolean', default: false } } } } },
      },
    },
  });
  expect(paths['/v1/operations/governance/issue-key']).toMatchObject({ post: { requestBody: { required: true } } });
});

test('every reference points at something', () => {
  const all = [...references(document)];
  expect(all.length).toBeGreaterThan(10);
  for (const reference of all) {
    expect(reference.startsWith('#/components/')).toBe(true);
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((value, name) => asRecord(value)?.[name], document);
    expect(target, reference).toBeDefined();
  }
});

test('the server gives it to anybody', async () => {
  const running = await startApi({ version: '1.2.3' });
  try {
    const answer = await running.send('GET', '/openapi.json');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(document);
  } finally {
    await running.stop();
  }
});
