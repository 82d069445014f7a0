import { ElulmcError } from '../../src/core/errors.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Approved, AttackBench } from './attack-bench.ts';

export interface Attack {
  readonly attack: string;
  /** How it is tried here; an attack may be tried in several ways. */
  readonly tried: string;
  readonly code: ErrorCode;
  /** Makes the call that must be refused. */
  readonly strike: (bench: AttackBench, approved: Approved) => Promise<unknown>;
  /** Undoes what the attack has changed of the world; the rightful call must then work. Null: the approval is void for good, or was used. */
  readonly heal: ((bench: AttackBench) => void) | null;
}

/** The attacks that issue 3 names, in its words and order. */
export const PROMISED = [
  'replay',
  'other environment',
  'other version',
  'edited plan',
  'own approval',
  'removed approver',
  'expired by clock',
  'token from another installation',
  'signature by the server instead of a person',
  'approval of another operation with equal inputs',
  'concurrent double use',
  'downgraded policy',
] as const;

export interface Refusal {
  readonly code: string;
  readonly exit: number;
}

export async function refusalOf(promise: Promise<unknown>): Promise<Refusal> {
  return promise.then(
    () => ({ code: 'ACCEPTED', exit: 0 }),
    (thrown: unknown) => {
      if (!(thrown instanceof ElulmcError)) throw thrown;
      return { code: thrown.code, exit: thrown.row.exit };
    },
  );
}

/** What was tried and how it was refused, for people to read. */
export class AttackTable {
  readonly rows: { readonly attack: string; readonly tried: string; readonly refused: Refusal }[] = [];

  add(attack: string, tried: string, refused: Refusal): void {
    this.rows.push({ attack, tried, refused });
  }

  /** The attacks of the issue first, in its order; then the others, in theirs. */
  toString(): string {
    const order = [...new Set<string>([...PROMISED, ...this.rows.map(({ attack }) => attack)])];
    const sorted = this.rows.toSorted((a, b) => order.indexOf(a.attack) - order.indexOf(b.attack));
    const lines = [
      ['attack', 'tried', 'refused with', 'exit'],
      ...sorted.map(({ attack, tried, refused }) => [attack, tried, refused.code, String(refused.exit)]),
    ];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
    return lines
      .map((line) =>
        line
          .map((text, column) => text.padEnd(widths[column] ?? 0))
          .join(' | ')
          .trimEnd(),
      )
      .join('\n');
  }
}
