/**
 * The only answer to a lost leadership: this process ends at once, whatever it is doing. Nothing that it still did would count, and a
 * failure that came of it must never be recorded as the result of a step. Its supervisor starts it again, and it stands by.
 */
export function loseLeadership(reason: string): never {
  process.stderr.write(`LEADERSHIP_LOST: ${reason}\n`);
  process.exit(1);
}
