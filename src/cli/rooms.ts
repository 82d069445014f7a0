/** The rooms of the catalogue in the order of their help. */
export const ROOM_SUMMARIES: ReadonlyMap<string, string> = new Map([
  ['security', 'isolate, scan, attest'],
  ['governance', 'people, keys, sessions, alerts'],
  ['deployment', 'which model serves'],
  ['audits', 'the ledger and what it proves'],
  ['training', 'benchmarks and drift'],
  ['infrastructure', 'backups, recovery, updates'],
]);
