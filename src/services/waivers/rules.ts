import { ElulmcError } from '../../core/errors.ts';
import type { Waiver } from './service.ts';

/** NOT_FOUND, naming the field. */
export function knownWaiver(waiver: Waiver | undefined, id: string): Waiver {
  if (waiver === undefined) throw new ElulmcError('NOT_FOUND', `there is no waiver ${JSON.stringify(id.slice(0, 80))}`, { field: 'revoke' });
  return waiver;
}

/** CONFLICT unless it is the same revocation again. */
export function refuseOtherRevocation(waiver: Waiver, by: string): void {
  if (waiver.revoked === null || waiver.revoked.by === by) return;
  throw new ElulmcError('CONFLICT', `${waiver.id} was revoked by ${waiver.revoked.by} at ${waiver.revoked.at}`, { field: 'revoke' });
}
