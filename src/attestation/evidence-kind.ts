import { z } from 'zod';
import { asRecord } from '../core/json.ts';
import { PolicyError, readFactors } from './factors.ts';
import type { Factors } from './factors.ts';
import type { CheckList, ReasonCode } from './checks.ts';
import type { RootName, RootStore } from './roots.ts';

/** What the verifier asked of the evidence; computed anew for every question, so it is no part of a policy. */
export interface Challenge {
  /** 64 bytes that the evidence must carry: report data. */
  readonly reportData?: Buffer;
  /** At most 64 bytes. */
  readonly nonce?: Buffer;
}

/** What a verifier is given. Nothing is read from the system clock, the network or the disk. */
export interface Given {
  readonly evidence: Buffer;
  /** Everything else that came with the evidence or was fetched for it, as bytes by name: certificates, CRLs, collateral, logs. */
  readonly inputs: Readonly<Partial<Record<string, Buffer>>>;
  readonly roots: RootStore;
  readonly challenge: Challenge;
  /** Milliseconds since the Unix epoch. */
  readonly clockMs: number;
}

/** A policy of one kind, parsed once. */
export interface ParsedPolicy {
  readonly factors: Factors;
  verify(given: Given): CheckList;
}

/** One kind of evidence. */
export interface EvidenceKind {
  /** Names of the other inputs that it may be given. */
  readonly inputs: readonly string[];
  /** Which part of a challenge it can answer; null: none. */
  readonly challenge: keyof Challenge | null;
  /** The roots that it may ask for. */
  readonly roots: readonly RootName[];
  /** Every check that it can make, with the codes that it can fail with: what a policy may name. */
  readonly checks: Readonly<Record<string, readonly ReasonCode[]>>;
  /** PolicyError: an unknown key or factor, or a value out of its range. */
  parsePolicy(policy: unknown): ParsedPolicy;
}

/** What a policy with the keys of a shape reads as. */
export type PolicyOf<S extends z.ZodRawShape> = z.output<z.ZodObject<S, z.core.$strict>>;

/** A kind whose policy has, besides `factors`, the keys of `shape`. */
export function defineKind<S extends z.ZodRawShape>(
  declared: Omit<EvidenceKind, 'parsePolicy'> & {
    readonly shape: S;
    /** Makes every check; throws nothing that comes from the evidence or its inputs. */
    readonly verify: (given: Given, policy: PolicyOf<S>) => CheckList;
  },
): EvidenceKind {
  const { shape, verify, ...kind } = declared;
  const schema = z.strictObject(shape);
  const parsePolicy = (value: unknown): ParsedPolicy => {
    const { factors = {}, ...own } = asRecord(value) ?? { policy: value };
    const parsed = schema.safeParse(own);
    if (!parsed.success) throw new PolicyError(z.prettifyError(parsed.error));
    const known = readFactors(factors, kind.checks);
    return { factors: known, verify: (given) => verify(given, parsed.data) };
  };
  return { ...kind, parsePolicy };
}
