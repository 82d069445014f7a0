/** What the killer waits for before it acts: an aimed moment is the first change of something after it began to look. */
export const AIMS = ['any', 'step-began', 'process-began', 'row-opened', 'posture-changed', 'signed', 'approval-used', 'startup'] as const;

export type Aim = (typeof AIMS)[number];

/** One thing that happens to a control plane. */
export interface PlannedKill {
  /** `stop`: SIGSTOP, and SIGCONT after `stillMs`. */
  readonly how: 'kill' | 'stop';
  readonly who: 'leader' | 'standby';
  /** Whether a second control plane stands by at the time. */
  readonly withStandby: boolean;
  readonly aim: Aim;
  /** From the moment that it aims at, or from the answer of a leader. */
  readonly afterMs: number;
  readonly stillMs: number;
  /** Between the end of the process and its next start. */
  readonly restartAfterMs: number;
}

const STOPS = 0.26;
const STANDBY_IS_HIT = 0.15;
/** So many kills in a row with one control plane only, then so many with two. */
const BLOCK = 3;
/** Longer than a leader may be silent (store/leadership.ts). */
const LONG_MS = 5_500;

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function afterMs(aim: Aim, random: () => number): number {
  if (aim === 'any') return random() * 800;
  if (aim === 'process-began') return random() * 250;
  if (aim === 'startup') return random() * 2_000;
  // Most of what is worth interrupting is over after a few milliseconds.
  return random() ** 3 * 60;
}

function stillMs(withStandby: boolean, random: () => number): number {
  if (!withStandby) return 100 + random() * 3_000;
  return random() < 0.6 ? LONG_MS + random() * 2_500 : 50 + random() * 1_500;
}

/** The same kills for the same seed. When exactly they hit depends on the machine. */
export function planKills(seed: number, count: number): readonly PlannedKill[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index): PlannedKill => {
    const withStandby = Math.floor(index / BLOCK) % 2 === 1;
    const how = random() < STOPS ? 'stop' : 'kill';
    const who = withStandby && random() < STANDBY_IS_HIT ? 'standby' : 'leader';
    const aim = AIMS[Math.floor(random() * AIMS.length)] ?? 'any';
    return { how, who, withStandby, aim, afterMs: afterMs(aim, random), stillMs: stillMs(withStandby, random), restartAfterMs: random() * 300 };
  });
}
