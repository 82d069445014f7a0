import { expect, test } from 'vitest';
import { clientHeaders, upstreamHeaders } from '../../../src/gateway/upstream/header-lists.ts';

test('credentials and hop-by-hop headers of the client never reach the upstream', () => {
  const sent = upstreamHeaders(
    {
      authorization: 'Bearer elk_secret',
      cookie: 'a=b',
      'x-api-key': 'elk_secret',
      connection: 'keep-alive, X-Secret-Hop',
      'x-secret-hop': '1',
      te: 'trailers',
      'accept-encoding': 'gzip',
      'content-length': '5',
      host: 'x',
      'x-request-id': 'theirs',
      'content-type': 'application/json',
      'openai-beta': 'v2',
    },
    'Bearer upstream',
    'req_1',
  );
  expect(sent).toEqual([
    'accept-encoding',
    'identity',
    'x-request-id',
    'req_1',
    'authorization',
    'Bearer upstream',
    'content-type',
    'application/json',
    'openai-beta',
    'v2',
  ]);
});

test('what concerns only the connection to the upstream never reaches the client', () => {
  expect(
    clientHeaders({
      connection: 'close',
      'transfer-encoding': 'chunked',
      'set-cookie': ['a'],
      server: 'x',
      'x-request-id': 'theirs',
      'x-ratelimit': '5',
      'content-length': '3',
    }),
  ).toEqual(['x-ratelimit', '5']);
});
