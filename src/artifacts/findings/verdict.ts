/** What is said about a file, the worst first. `unsupported`: nobody here reads this format, and it is none that can be passed over. */
export const VERDICTS = ['malicious', 'malformed', 'suspicious', 'unsupported', 'clean'] as const;

export type Verdict = (typeof VERDICTS)[number];

/** Verdicts that a finding can bring about. */
export type Alarm = 'malicious' | 'malformed' | 'suspicious';

export function worseVerdict(a: Verdict, b: Verdict): Verdict {
  return VERDICTS.indexOf(a) <= VERDICTS.indexOf(b) ? a : b;
}
