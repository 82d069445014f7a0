const MAX_DEPTH = 64;

/**
 * A JSON value; undefined for malformed text, for values nested deeper than 64, and for an object that has a member twice: readers do not
 * agree which of them counts, so neither can be said to have been inspected.
 */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return memberCount(value) === colonsOutsideStrings(text) ? { value } : undefined;
}

/** Members of all objects, or -1 when the value is nested too deep. */
function memberCount(value: unknown): number {
  let count = 0;
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return -1;
    for (const one of level) if (!Array.isArray(one)) count += Object.keys(one).length;
    level = level.flatMap((one) => Object.values(one).filter(isContainer));
  }
  return count;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** In valid JSON each of them belongs to one member. */
function colonsOutsideStrings(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit === 0x3a) count += 1;
    if (unit !== 0x22) continue;
    for (i += 1; i < text.length && text.charCodeAt(i) !== 0x22; i += 1) if (text.charCodeAt(i) === 0x5c) i += 1;
  }
  return count;
}
