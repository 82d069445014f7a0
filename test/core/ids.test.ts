import { describe, expect, test } from 'vitest';
import { isId, newId } from '../../src/core/ids.ts';

describe('ids', () => {
  test('have the shape they promise and never repeat', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const id = newId('req');
      expect(isId('req', id)).toBe(true);
      seen.add(id);
    }
    expect(seen.size).toBe(20_000);
  });

  test('sort by time', async () => {
    const first = newId('run');
    await new Promise((resolve) => setTimeout(resolve, 3));
    expect(newId('run') > first).toBe(true);
  });

  test.each(['req_', 'key_01234567890123456789012345', 'req_0123456789012345678901234', 'req_0123456789012345678901234u', ''])(
    '%j is no request id',
    (text) => {
      expect(isId('req', text)).toBe(false);
    },
  );
});
