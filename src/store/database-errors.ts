import { DrizzleQueryError } from 'drizzle-orm/errors';
import { DatabaseError } from 'pg';
import { ElulmcError } from '../core/errors.ts';

/** SQLSTATE classes and codes that mean: no service now (PostgreSQL, appendix A). */
const UNAVAILABLE = /^(08...|53...|57P0[1-5]|57014|58...|55P03|3D000|28...)$/;

/**
 * What a failed statement means to a caller. The query layer's own message carries every parameter, so only the cause's
 * message is kept. Whatever did not come from the server's answer is a lost, refused or silent connection.
 */
export function mapDatabaseError(thrown: unknown): ElulmcError {
  if (thrown instanceof ElulmcError) return thrown;
  const cause = thrown instanceof DrizzleQueryError && thrown.cause !== undefined ? thrown.cause : thrown;
  if (cause instanceof ElulmcError) return cause;
  if (cause instanceof DatabaseError && !UNAVAILABLE.test(cause.code ?? ''))
    return new ElulmcError('INTERNAL', `the database refused a statement: ${cause.message}`);
  if (cause instanceof TypeError || cause instanceof RangeError) return new ElulmcError('INTERNAL', cause.message, { cause });
  const reason = cause instanceof AggregateError ? cause.errors.map(String).join(', ') : cause instanceof Error ? cause.message : String(cause);
  return new ElulmcError('DATABASE_UNAVAILABLE', reason);
}
