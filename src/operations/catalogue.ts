import type { OperationDeclaration, Risk, Room } from './declaration.ts';

/** What help, binding and routing need to know of an operation before its module is loaded. */
export interface CatalogueEntry {
  readonly room: Room;
  readonly name: string;
  readonly runbookLine: string | null;
  readonly summary: string;
  readonly risk: Risk;
  readonly local: 'always' | 'fallback' | null;
  /** Imports the operation's module: kept out of the start, because zod and the modules cost most of it. */
  load(): Promise<OperationDeclaration>;
}

/** Every operation. test/operations/catalogue.test.ts holds each row to its declaration. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    room: 'security',
    name: 'emergency-isolation',
    runbookLine: 'security/emergency_isolation.sh',
    summary: 'Stop all traffic to models within one second, on every gateway.',
    risk: 'change',
    local: null,
    load: async () => (await import('./security/emergency-isolation.ts')).emergencyIsolation,
  },
  {
    room: 'security',
    name: 'isolate-system',
    runbookLine: 'security/isolate_system.sh',
    summary: 'Stop all traffic to one named model, upstream or key.',
    risk: 'change',
    local: null,
    load: async () => (await import('./security/isolate-system.ts')).isolateSystem,
  },
  {
    room: 'governance',
    name: 'revoke-all-sessions',
    runbookLine: 'governance/revoke_all_sessions.py',
    summary: 'Void every session and end every running request.',
    risk: 'destroy',
    local: null,
    load: async () => (await import('./governance/revoke-all-sessions.ts')).revokeAllSessions,
  },
  {
    room: 'governance',
    name: 'issue-key',
    runbookLine: null,
    summary: 'Make an API key; its text is shown once.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/issue-key.ts')).issueKey,
  },
  {
    room: 'governance',
    name: 'list-sessions',
    runbookLine: null,
    summary: 'List the sessions that are valid now.',
    risk: 'read',
    local: null,
    load: async () => (await import('./governance/list-sessions.ts')).listSessions,
  },
  {
    room: 'governance',
    name: 'invite',
    runbookLine: null,
    summary: 'Make a one-time sign-in link for a new person.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/invite.ts')).invite,
  },
  {
    room: 'governance',
    name: 'list-people',
    runbookLine: null,
    summary: 'List the people of this installation and their roles.',
    risk: 'read',
    local: null,
    load: async () => (await import('./governance/list-people.ts')).listPeople,
  },
  {
    room: 'governance',
    name: 'remove-person',
    runbookLine: null,
    summary: 'Take a person out: no sign-in, no signature any more.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/remove-person.ts')).removePerson,
  },
  {
    room: 'governance',
    name: 'list-keys',
    runbookLine: null,
    summary: 'List the public keys that sign for a person.',
    risk: 'read',
    local: null,
    load: async () => (await import('./governance/list-keys.ts')).listKeys,
  },
  {
    room: 'governance',
    name: 'remove-key',
    runbookLine: null,
    summary: 'Take a key from its person: it signs nothing any more.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/remove-key.ts')).removeKey,
  },
  {
    room: 'governance',
    name: 'request',
    runbookLine: null,
    summary: 'Ask other people to approve one call of an operation.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/request.ts')).request,
  },
  {
    room: 'governance',
    name: 'approve',
    runbookLine: null,
    summary: 'Sign a request with your own key.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/approve.ts')).approve,
  },
  {
    room: 'governance',
    name: 'decline',
    runbookLine: null,
    summary: 'Refuse a request for an approval.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/decline.ts')).decline,
  },
  {
    room: 'governance',
    name: 'approvals',
    runbookLine: null,
    summary: 'List what waits for an approval or a review, or show one request.',
    risk: 'read',
    local: null,
    load: async () => (await import('./governance/approvals.ts')).approvals,
  },
  {
    room: 'governance',
    name: 'review-break-glass',
    runbookLine: null,
    summary: 'Review a call that went past approvals or windows.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/review-break-glass.ts')).reviewBreakGlass,
  },
  {
    room: 'governance',
    name: 'change-request',
    runbookLine: null,
    summary: 'Ask for a change of a system to be reviewed and scheduled.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/change-request.ts')).changeRequest,
  },
  {
    room: 'governance',
    name: 'change-review',
    runbookLine: null,
    summary: 'Approve or decline a change that another person asked for.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/change-review.ts')).changeReview,
  },
  {
    room: 'governance',
    name: 'change-schedule',
    runbookLine: null,
    summary: 'Give an approved change its time.',
    risk: 'change',
    local: null,
    load: async () => (await import('./governance/change-schedule.ts')).changeSchedule,
  },
  {
    room: 'governance',
    name: 'list-changes',
    runbookLine: null,
    summary: 'List changes, and draw the calendar of the next two weeks.',
    risk: 'read',
    local: null,
    load: async () => (await import('./governance/list-changes.ts')).listChanges,
  },
  {
    room: 'deployment',
    name: 'activate-backup',
    runbookLine: 'deployment/activate_backup.sh',
    summary: 'Let the backup model answer, after it has answered a real request.',
    risk: 'change',
    local: null,
    load: async () => (await import('./deployment/activate-backup.ts')).activateBackup,
  },
  {
    room: 'deployment',
    name: 'resume-operations',
    runbookLine: null,
    summary: 'Lift isolation, and on request the kill switch and the backup routes.',
    risk: 'change',
    local: null,
    load: async () => (await import('./deployment/resume-operations.ts')).resumeOperations,
  },
  {
    room: 'deployment',
    name: 'check-model-load',
    runbookLine: 'deployment/check_model_load.sh',
    summary: 'Show the load of every model server and which routes use it.',
    risk: 'read',
    local: null,
    load: async () => (await import('./deployment/check-model-load.ts')).checkModelLoad,
  },
  {
    room: 'audits',
    name: 'check-logs',
    runbookLine: 'audits/check_logs.sh',
    summary: 'Show the newest ledger entries, with failures and refusals summed up.',
    risk: 'read',
    local: 'fallback',
    load: async () => (await import('./audits/check-logs.ts')).checkLogs,
  },
  {
    room: 'audits',
    name: 'verify-log',
    runbookLine: null,
    summary: 'Check a ledger from its files and its public key alone.',
    risk: 'read',
    local: 'always',
    load: async () => (await import('./audits/verify-log.ts')).verifyLog,
  },
];

export function byName(room: string, name: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.room === room && entry.name === name);
}

/** `path` as the document writes it, without `./`: `security/emergency_isolation.sh`. */
export function byRunbookPath(path: string): CatalogueEntry | undefined {
  return catalogue.find((entry) => entry.runbookLine === path);
}
