import type { Rule } from '../../../src/artifacts/findings/rule.ts';
import type { Reader } from '../../../src/artifacts/scan/reader.ts';

/** Bytes that stand for a payload in tests of archives. */
export const PAYLOAD = Buffer.from('elulmc-test-payload');

const PAYLOAD_RULE: Rule = {
  id: 'test-payload',
  alarm: 'malicious',
  severity: 'critical',
  title: 'Payload',
  explanation: 'A payload of a test.',
  help: 'None.',
};

/** Reads payloads: where they begin they are found. */
export const PAYLOAD_READER: Reader = {
  format: 'payload',
  recognizes: (head) => head.subarray(0, PAYLOAD.length).equals(PAYLOAD),
  read: async (unit) => {
    unit.found(PAYLOAD_RULE, 0, unit.path.slice(1).join(' > '));
  },
};
