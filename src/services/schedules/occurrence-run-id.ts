import { createHash } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARACTERS = 10;
const DIGEST_CHARACTERS = 16;

/**
 * Run id of an occurrence: always the same for a schedule and the instant at which it is due, so that it is started once however
 * often it is asked for. It sorts by that instant (core/ids.ts has the form).
 */
export function occurrenceRunId(schedule: string, dueMs: number): string {
  const digest = createHash('sha256')
    .update(`schedule\n${schedule}\n${String(dueMs)}`)
    .digest();
  const time = Array.from({ length: TIME_CHARACTERS }, (_, at) => ALPHABET.charAt(Math.floor(dueMs / 32 ** (TIME_CHARACTERS - 1 - at)) % 32));
  const rest = Array.from({ length: DIGEST_CHARACTERS }, (_, at) => ALPHABET.charAt((digest[at] ?? 0) & 31));
  return `run_${time.join('')}${rest.join('')}`;
}
