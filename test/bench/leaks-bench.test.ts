import { expect, test } from 'vitest';
import { runLeaksBench } from '../../bench/leaks.ts';

test('an unknown word is refused before anything starts', async () => {
  await expect(runLeaksBench(['fast'])).rejects.toThrow('fast');
});
