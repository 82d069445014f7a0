import type { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';

function fieldOf(issue: z.core.$ZodIssue): string {
  if (issue.path.length > 0) return issue.path.map(String).join('.');
  return issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : '(input)';
}

/** The value as the schema types it, defaults filled in. FIELD_INVALID names the first field at fault, never its value. */
export function parseFields<S extends z.ZodObject>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined ? '(input)' : fieldOf(issue);
  throw new ElulmcError('FIELD_INVALID', `${field}: ${issue?.message ?? 'invalid'}`, { field });
}
