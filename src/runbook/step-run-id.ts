import { createHash } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARACTERS = 10;
const DIGEST_CHARACTERS = 16;

/** Run id of a step: always the same for a run and a step, and sorted with its run (core/ids.ts has the form). */
export function stepRunId(runId: string, stepId: string): string {
  const digest = createHash('sha256').update(`${runId}\n${stepId}`).digest();
  let text = runId.slice(0, 'run_'.length + TIME_CHARACTERS);
  for (let at = 0; at < DIGEST_CHARACTERS; at++) text += ALPHABET.charAt((digest[at] ?? 0) & 31);
  return text;
}
