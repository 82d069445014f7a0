import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { absolutePaths } from '../../src/cli/host-paths.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';

test('what names something that is there becomes absolute, and what does not stays a name', () => {
  expect(absolutePaths({ model: 'package.json', other: 'demo@1' }, ['model', 'other'])).toEqual({
    input: { model: join(process.cwd(), 'package.json'), other: 'demo@1' },
    namesPath: true,
  });
  expect(absolutePaths({ model: 'demo@1', count: 1 }, ['model', 'count', 'absent'])).toEqual({ input: { model: 'demo@1', count: 1 }, namesPath: false });
});

test('lists keep their order, each entry by itself', () => {
  const file = join(temporaryFolder('paths'), 'root.pem');
  writeFileSync(file, '');
  expect(absolutePaths({ chain: ['nothing', file] }, ['chain'])).toEqual({ input: { chain: ['nothing', file] }, namesPath: true });
});

test('what is to be written becomes absolute before it is there, and says nothing about what is read', () => {
  expect(absolutePaths({ output: 'new.sig' }, [], ['output'])).toEqual({ input: { output: join(process.cwd(), 'new.sig') }, namesPath: false });
  expect(absolutePaths({}, [], ['output'])).toEqual({ input: {}, namesPath: false });
});
