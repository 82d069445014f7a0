import { createHash } from 'node:crypto';
import type { Log, Notification, ReportingDescriptor, Result, Suppression } from 'sarif';
import { outcomeOf } from './outcome.ts';
import { findingPlace, ruleOf, verdictText, waiverNamed } from './report-words.ts';
import { SarifPlaces } from './sarif-places.ts';
import type { ReportedFinding, ReportedRule, ReportedWaiver, ScanDocument } from './scan-document.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const EXITS = { ok: 0, finding: 3, violation: 7, inconclusive: 8 } as const;
/** What code scanning sites sort by (0 to 10). */
const SCORES = { critical: '9.5', high: '8.0', medium: '5.5', low: '3.0' } as const;

/** The report as SARIF 2.1.0 (OASIS). Offsets are bytes of the innermost member; waived findings carry `suppressions`. */
export function sarifReport(document: ScanDocument): Log {
  const places = new SarifPlaces(document.files);
  const results = document.findings.map((finding) => resultOf(document, finding, places));
  const started = new Date(document.startedAt);
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'elulmc security backdoor-scan', organization: 'ELULMC', rules: document.rules.map(descriptorOf) } },
        automationDetails: { id: `backdoor-scan/${document.digest ?? 'no-digest'}` },
        invocations: [
          {
            executionSuccessful: true,
            exitCode: EXITS[outcomeOf(document, document.strict)],
            startTimeUtc: started.toISOString(),
            endTimeUtc: new Date(started.getTime() + document.tookMs).toISOString(),
            toolExecutionNotifications: notificationsOf(document),
          },
        ],
        originalUriBaseIds: { MODEL: { description: { text: 'The scanned folder, or the folder of the scanned file.' } } },
        artifacts: places.artifacts,
        results,
        columnKind: 'utf16CodeUnits',
        properties: {
          verdict: verdictText(document),
          digest: document.digest,
          headersOnly: document.headersOnly,
          findingsTotal: document.findingsTotal,
          checked: document.coverage.checked.map(({ check }) => check),
          notes: document.notes,
        },
      },
    ],
  };
}

function levelOf({ alarm, severity }: Pick<ReportedRule, 'alarm' | 'severity'>): 'error' | 'warning' | 'note' {
  if (alarm !== 'suspicious') return 'error';
  return severity === 'low' ? 'note' : 'warning';
}

/** SARIF wants an identifier: `pickle-dangerous-global` -> `PickleDangerousGlobal`. */
function nameOf(id: string): string {
  return id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function descriptorOf(rule: ReportedRule): ReportingDescriptor {
  const { id, title, explanation, help, references, severity, alarm } = rule;
  const cited = references.length === 0 ? '' : `\n\nReferences: ${references.join(', ')}`;
  return {
    id,
    name: nameOf(id),
    shortDescription: { text: `${title}.` },
    fullDescription: { text: explanation },
    help: { text: `${explanation}\n\nWhat to do: ${help}${cited}`, markdown: `${explanation}\n\n**What to do:** ${help}${cited}` },
    defaultConfiguration: { level: levelOf(rule) },
    properties: { tags: ['security', alarm, ...references], severity, 'security-severity': SCORES[severity] },
  };
}

function resultOf(document: ScanDocument, finding: ReportedFinding, places: SarifPlaces): Result {
  const rule = ruleOf(document, finding.rule);
  const suppressions = suppressionsOf(document, finding);
  return {
    ruleId: rule.id,
    ruleIndex: document.rules.indexOf(rule),
    level: levelOf(finding),
    kind: 'fail',
    message: { text: `${rule.title}: ${finding.detail} (${findingPlace(finding)})`.toWellFormed() },
    locations: [places.locationOf(finding)],
    fingerprints: { 'elulmc/v1': finding.fingerprint },
    // The same without the offset: a file that was written again has it elsewhere.
    partialFingerprints: { 'elulmcContent/v1': contentPrint(finding) },
    ...(suppressions.length === 0 ? {} : { suppressions }),
  };
}

function contentPrint({ rule, path, detail }: ReportedFinding): string {
  return createHash('sha256')
    .update(JSON.stringify([rule, path, detail]))
    .digest('hex')
    .slice(0, 32);
}

/** An expired waiver is shown and suppresses nothing: a suppression that is rejected. */
function suppressionsOf(document: ScanDocument, { waiver, expiredWaiver }: ReportedFinding): Suppression[] {
  if (waiver !== null) return [suppressionOf(waiverNamed(document, waiver), 'accepted', '')];
  if (expiredWaiver === null) return [];
  const known = waiverNamed(document, expiredWaiver);
  return [suppressionOf(known, 'rejected', `${known.state === 'revoked' ? 'Revoked' : `Expired ${known.until}`}. `)];
}

function suppressionOf({ id, reason, owner, until }: ReportedWaiver, status: 'accepted' | 'rejected', before: string): Suppression {
  return { kind: 'external', status, justification: `${before}${reason}`.toWellFormed(), properties: { waiver: id, owner, until } };
}

/** What was not checked, and what could not be read. */
function notificationsOf({ coverage, files }: ScanDocument): Notification[] {
  return [
    ...coverage.notChecked.map(({ check, reason, path, times }): Notification => {
      const text = `Not checked: ${check}: ${reason} (${path.join('!')}, ${String(times)} times)`;
      return { level: 'note', message: { text: text.toWellFormed() } };
    }),
    ...files.flatMap(({ path, error }): Notification[] =>
      error === null ? [] : [{ level: 'error', message: { text: `Could not be read: ${path}: ${error}`.toWellFormed() } }],
    ),
  ];
}
