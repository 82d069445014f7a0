import { requireBetween, requireSample } from './checked-numbers.ts';
import { mean, sampleVariance } from './moments.ts';
import { logNormalCdf } from './normal.ts';
import { fitSkewNormal, logSkewNormalCdf } from './skew-normal.ts';

/** How much a model knows of a secret, from log-likelihoods (nats, higher is likelier) of the secret and of N random fills of its template. */
export interface Exposure {
  readonly decoys: number;
  /** 1 when no decoy is as likely; a tie counts against the secret, so that `p` is never too small. */
  readonly rank: number;
  /** rank / (N + 1): the chance of a rank as good for a secret never seen. */
  readonly p: number;
  /** log2(N + 1) - log2(rank), at most log2(N + 1) (N. Carlini et al., "The Secret Sharer", 2019). */
  readonly rankBits: number;
  /** Standard score among the decoys and -log2 of its normal upper tail, not capped; null when the decoys do not differ. */
  readonly z: number | null;
  readonly gaussianBits: number | null;
}

/** Throws a RangeError for a score that is not finite or fewer than two decoys. */
export function exposure(secret: number, decoys: readonly number[]): Exposure {
  requireSample('secret', [secret]);
  requireSample('decoys', decoys, 2);
  const rank = 1 + decoys.filter((score) => score >= secret).length;
  const deviation = Math.sqrt(sampleVariance(decoys));
  const center = mean(decoys);
  const z = deviation > 1e-12 * Math.max(1, Math.abs(center)) ? (secret - center) / deviation : null;
  return {
    decoys: decoys.length,
    rank,
    p: rank / (decoys.length + 1),
    rankBits: Math.log2(decoys.length + 1) - Math.log2(rank),
    z,
    gaussianBits: z === null ? null : -logNormalCdf(-z) / Math.LN2,
  };
}

/** Exposure extrapolated by a skew-normal fitted to the decoys' log-perplexities (Secret Sharer, section 4.3), in bits; null when they do not differ. At least 10 decoys. */
export function skewNormalExposure(secret: number, decoys: readonly number[]): number | null {
  requireSample('secret', [secret]);
  const fit = fitSkewNormal(decoys.map((score) => -score));
  return fit === null ? null : -logSkewNormalCdf(-secret, fit) / Math.LN2;
}

/** Bits from which a secret counts as memorized when n secrets are tried: P(exposure >= e) = 2^-e for one never seen, so log2(n / alpha). */
export function exposureAlarm(secrets: number, alpha = 0.01): number {
  requireBetween('secrets', secrets, 1, 1e9);
  requireBetween('alpha', alpha, 1e-12, 1);
  return Math.log2(secrets / alpha);
}
