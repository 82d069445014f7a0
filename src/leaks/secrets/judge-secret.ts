import { bitsPerCharacter } from './entropy.ts';
import { isExample } from './examples.ts';
import type { SecretRule } from './secret-rule.ts';

/** Part of a window, the end exclusive. */
export interface SecretMatch {
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z0-9_]/;

/**
 * Whether the credential of this rule stands at its anchor: pattern, word boundary, entropy, examples, then the value's own proof.
 * @param window Text as Latin-1 of its bytes, from at most 64 bytes before the end of the anchor to the end of what was waited for.
 * @param anchorAt Where the anchor begins in it.
 */
export function judgeSecret(rule: SecretRule, window: string, anchorAt: number): SecretMatch | undefined {
  const start = anchorAt - (rule.lead ?? 0);
  if (start < 0) return undefined;
  if (rule.insideWord !== true && start > 0 && WORD.test(window.charAt(start - 1))) return undefined;
  rule.pattern.lastIndex = start;
  const match = rule.pattern.exec(window);
  if (match === null) return undefined;
  const value = match[1] ?? match[0];
  if (isExample(value) || bitsPerCharacter(value) < (rule.entropy ?? 0)) return undefined;
  if (rule.isReal?.(value, match) === false) return undefined;
  return { start, end: start + match[0].length };
}
