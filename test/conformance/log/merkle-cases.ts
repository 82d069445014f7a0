import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyConsistency, verifyInclusion, verifySubtreeConsistency, verifySubtreeInclusion } from '../../../src/ledger/verify/proof.ts';
import type { ConformanceCase } from '../suite.ts';
import { filesBelow } from './files.ts';

/** A vector: numbers as bigint (they go up to 2^64 - 1), hashes as latin1 whatever their length, an absent proof as an empty one. */
class Vector {
  readonly #fields: Record<string, unknown>;

  constructor(json: string) {
    const exact = (_key: string, value: unknown, context?: { source?: string }): unknown => (typeof value === 'number' ? BigInt(context?.source ?? '') : value);
    this.#fields = JSON.parse(json, exact) as Record<string, unknown>;
  }

  get wantErr(): boolean {
    return this.#fields['wantErr'] === true;
  }

  number(name: string): bigint {
    return (this.#fields[name] as bigint | undefined) ?? 0n;
  }

  digest(name: string): string {
    return decode((this.#fields[name] as string | null | undefined) ?? '');
  }

  get proof(): string[] {
    return ((this.#fields['proof'] as (string | null)[] | null | undefined) ?? []).map((hash) => decode(hash ?? ''));
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

const CHECKS: Readonly<Record<string, (v: Vector) => boolean>> = {
  inclusion: (v) => verifyInclusion(v.number('leafIdx'), v.number('treeSize'), v.digest('leafHash'), v.proof, v.digest('root')),
  consistency: (v) => verifyConsistency(v.number('size1'), v.number('size2'), v.digest('root1'), v.digest('root2'), v.proof),
  subtreeinclusion: (v) => verifySubtreeInclusion(v.number('leafIdx'), v.number('start'), v.number('end'), v.digest('leafHash'), v.proof, v.digest('root')),
  subtreeconsistency: (v) => verifySubtreeConsistency(v.number('start'), v.number('end'), v.number('size'), v.proof, v.digest('root1'), v.digest('root2')),
};

export function merkleCases(directory: string): ConformanceCase[] {
  return Object.entries(CHECKS).flatMap(([kind, check]) => {
    const folder = join('merkle-vectors', 'testdata', kind);
    return filesBelow(join(directory, folder))
      .filter((path) => path.endsWith('.json'))
      .map((path) => {
        const vector = new Vector(readFileSync(join(directory, folder, path), 'utf8'));
        return {
          name: join(folder, path),
          expected: vector.wantErr ? 'refused' : 'accepted',
          given: () => (check(vector) ? 'accepted' : 'refused'),
        };
      });
  });
}
