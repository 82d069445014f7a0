import type { CatalogueEntry } from './entry.ts';

export const auditsCatalogue: readonly CatalogueEntry[] = [
  {
    room: 'audits',
    name: 'check-logs',
    runbookLine: 'audits/check_logs.sh',
    summary: 'Show the newest ledger entries, with failures and refusals summed up.',
    risk: 'read',
    local: 'fallback',
    load: async () => (await import('../audits/check-logs.ts')).checkLogs,
  },
  {
    room: 'audits',
    name: 'verify-log',
    runbookLine: null,
    summary: 'Check a ledger from its files and its public key alone.',
    risk: 'read',
    local: 'always',
    load: async () => (await import('../audits/verify-log.ts')).verifyLog,
  },
  {
    room: 'audits',
    name: 'trace-lineage',
    runbookLine: null,
    summary: 'Show where a registered model comes from, what became of it, and what was found about it.',
    risk: 'read',
    local: null,
    load: async () => (await import('../audits/trace-lineage.ts')).traceLineage,
  },
];
