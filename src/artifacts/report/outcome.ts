import type { ScanDocument } from './scan-document.ts';

export type Outcome = 'ok' | 'finding' | 'violation' | 'inconclusive';

/** What a scan comes to. Other bytes than those that were registered are worse than anything that is in them. */
export function outcomeOf({ counted, registered }: Pick<ScanDocument, 'counted' | 'registered'>, strict: boolean): Outcome {
  if (registered?.matches === false) return 'violation';
  if (counted === 'malicious') return 'finding';
  if (counted === 'malformed' || counted === 'suspicious') return strict ? 'finding' : 'ok';
  return counted === 'unsupported' ? 'inconclusive' : 'ok';
}
