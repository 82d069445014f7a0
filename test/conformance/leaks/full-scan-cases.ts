import { type CanarySet, compileCanaries } from '../../../src/leaks/canary-set.ts';
import { type ConversationState, NEW_CONVERSATION, scanMessage, scanText } from '../../../src/leaks/full-scan.ts';
import { selfTest } from '../../../src/leaks/self-test.ts';
import { TRANSFORMATIONS } from '../../../src/leaks/transformations/transformations.ts';
import { benignMessages } from '../../leaks/benign-messages.ts';
import { mintedCanaries, watchedCanary } from '../../leaks/minted-canaries.ts';
import type { ConformanceCase } from '../suite.ts';
import { readTransformedLeaks } from './transform-file.ts';

const SEEDED = 40;
const OTHERS = 960;
const BENIGN = 5000;

/** Ids that a conversation raises an alarm about, each once. */
function alarmsOf(set: CanarySet, messages: readonly string[]): string {
  const ids = new Set<string>();
  let state: ConversationState = NEW_CONVERSATION;
  for (const message of messages) {
    const scan = scanMessage(set, state, message);
    state = scan.state;
    for (const { canary } of scan.findings) ids.add(canary);
  }
  return [...ids].join(' ');
}

/** Tier 2: the leaks of the file among 1,000 canaries, our own transformations against those of the file, 40 seeded canaries, benign messages. */
export function fullScanCases(directory: string): readonly ConformanceCase[] {
  const leaks = readTransformedLeaks(directory);
  if (leaks.length === 0) return [];
  const known = [...new Set(leaks.map(({ canary }) => canary))].map((text, i) =>
    watchedCanary(text, { kind: 'prompt', place: `prompt ${String(i)}`, epoch: 0 }),
  );
  const set = compileCanaries([...known, ...mintedCanaries(OTHERS, 'conformance, others')]);
  const byName = new Map(TRANSFORMATIONS.map(({ name, messages }) => [name, messages]));
  const seeded = selfTest(compileCanaries(mintedCanaries(SEEDED, 'conformance, seeded')));
  const benign = (): string => String(benignMessages(BENIGN).filter((message) => scanText(set, message).findings.length > 0).length);
  return [
    ...leaks.map(({ canary, transform, messages }) => ({
      name: `${transform}: ${canary} is found, and no other`,
      group: `tier 2, ${transform}`,
      expected: known.find(({ text }) => text === canary)?.id ?? '',
      given: () => alarmsOf(set, messages),
    })),
    ...leaks.map(({ canary, transform, messages }) => ({
      name: `${transform}: ${canary} is transformed as in the file`,
      group: 'transformations of our own, as in the file',
      expected: JSON.stringify(messages),
      given: () => JSON.stringify(byName.get(transform)?.(canary)),
    })),
    ...seeded.rows.map(({ transformation, found, wrong }) => ({
      name: `${transformation}: ${String(SEEDED)} seeded canaries`,
      group: `tier 2, transformations found in full over ${String(SEEDED)} seeded canaries`,
      expected: `${String(SEEDED)} found, 0 wrong`,
      given: () => `${String(found)} found, ${String(wrong)} wrong`,
    })),
    { name: `alarms in ${String(BENIGN)} benign messages`, group: 'tier 2, benign messages', expected: '0', given: benign },
  ];
}
