import * as der from '../../core/der.ts';
import { EvidenceError } from '../checks.ts';

export type { DerElement } from '../../core/der.ts';

/** The same reader for evidence: what is no DER is evidence that is `malformed`. */
function ofEvidence<A extends readonly unknown[], R>(read: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    try {
      return read(...args);
    } catch (error) {
      if (error instanceof der.DerError) throw new EvidenceError('malformed', error.message);
      throw error;
    }
  };
}

export const readElement = ofEvidence(der.readElement);
export const readChildren = ofEvidence(der.readChildren);
export const readWhole = ofEvidence(der.readWhole);
export const expectTag = ofEvidence(der.expectTag);
export const oidOf = ofEvidence(der.oidOf);
export const integerOf = ofEvidence(der.integerOf);
export const signedIntegerOf = ofEvidence(der.signedIntegerOf);
export const timeOf = ofEvidence(der.timeOf);
