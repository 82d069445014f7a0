import type { DrillReport, TimelineEvent } from '../drills/drill-report.ts';

const BAR = 44;

/** One line of the timeline: when, where on the way to the end, what. */
function line(event: TimelineEvent, endMs: number): string {
  const at = Math.max(0, Math.min(BAR - 1, Math.round((event.atMs / Math.max(1, endMs)) * (BAR - 1))));
  return `${String(event.atMs).padStart(7)} ms  ${'·'.repeat(at)}●${' '.repeat(BAR - 1 - at)}  ${event.event}`;
}

/** The report of a drill for a person: the timeline as a picture, then the figures and the proof. */
export function drillText(report: DrillReport): string {
  const endMs = report.timeline.at(-1)?.atMs ?? 0;
  const sets = report.requestsSeen === report.requestsLogged && report.onlySeen.length === 0 ? 'the same set' : 'NOT the same set';
  return [
    `Drill ${report.drill} (${report.live ? 'live installation' : 'scratch installation'}): ${report.ok ? 'passed' : 'FAILED'}`,
    '',
    ...report.timeline.map((event) => line(event, endMs)),
    '',
    `  command to last byte served    ${String(report.cutMs)} ms`,
    `  streams cut                    ${String(report.streamsCut)} of ${String(report.streamsOpen)}`,
    `  sessions void after            ${String(report.sessionVoidMs)} ms`,
    `  backup's first answer after    ${String(report.backupFirstAnswerMs)} ms`,
    `  resume to normal service       ${String(report.normalServiceMs)} ms`,
    `  requests seen / in the ledger  ${String(report.requestsSeen)} / ${String(report.requestsLogged)} (${sets})`,
    `  ledger from genesis            ${report.ledger.verified ? 'verified' : 'NOT VERIFIED'}: ${report.ledger.logs.map((log) => `${log.name} (${String(log.size)})`).join(', ')}`,
    ...report.failures.map((failure) => `  failed: ${failure}`),
  ].join('\n');
}
