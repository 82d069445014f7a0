import { describe, expect, test } from 'vitest';
import { STAGES } from '../../../src/services/registry/service.ts';
import { stagesAfter } from '../../../src/services/registry/stages.ts';

describe('ways between stages', () => {
  test.each([
    ['registered', ['validated', 'retired', 'quarantined']],
    ['validated', ['staging', 'retired', 'quarantined']],
    ['staging', ['production', 'validated', 'retired', 'quarantined']],
    ['production', ['validated', 'retired', 'quarantined']],
    ['retired', ['quarantined']],
    ['quarantined', ['registered']],
  ] as const)('from %s', (from, to) => {
    expect(stagesAfter(from)).toEqual(to);
  });

  test('no stage leads to itself', () => {
    for (const stage of STAGES) expect(stagesAfter(stage)).not.toContain(stage);
  });
});
