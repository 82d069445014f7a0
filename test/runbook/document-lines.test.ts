import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { checkRunbook } from '../../src/runbook/check.ts';
import { readCommandLine } from '../../src/runbook/command-line.ts';
import { locate } from '../../src/runbook/locate.ts';
import { readRunbookFile } from '../../src/runbook/parse.ts';

/** Every command line of the document with the operation it means, in the document's order. */
const LINES: readonly (readonly [line: string, operation: string, folder: string])[] = (
  [
    ['./security/emergency_isolation.sh', 'security emergency-isolation'],
    ['./governance/revoke_all_sessions.py', 'governance revoke-all-sessions'],
    ['./deployment/activate_backup.sh', 'deployment activate-backup'],
    ['python security/canary_monitor.py --full-scan', 'security canary-monitor'],
    ['python security/membership_inference.py --test-set canaries/', 'security membership-inference'],
    ['./audits/daily_health_check.sh', 'audits daily-health-check'],
    ['python governance/security_dashboard.py --daily-report', 'governance security-dashboard'],
    ['python training/eval/performance_monitor.py', 'training performance-monitor'],
    ['./infrastructure/ansible/security_updates.yml', 'infrastructure security-updates'],
    ['./audits/log_maintenance.sh', 'audits log-maintenance'],
    ['./infrastructure/backup_verification.sh', 'infrastructure backup-verification'],
    ['python security/vuln_scanner.py --comprehensive', 'security vuln-scanner'],
    ['python governance/access_review.py --monthly', 'governance access-review'],
    ['python training/retrain_assessment.py', 'training retrain-assessment'],
    ['python security/backdoor_scan.py --model new_model.bin', 'security backdoor-scan'],
    ['python governance/loyalty_test.py --model new_model.bin', 'governance loyalty-test'],
    ['python training/eval/benchmark_suite.py', 'training benchmark-suite'],
    ['./deployment/deploy_staging.sh --model-version v2.1.0', 'deployment deploy-staging'],
    ['./deployment/integration_tests.sh', 'deployment integration-tests'],
    ['./deployment/deploy_production.sh --model-version v2.1.0 --approval-token $TOKEN', 'deployment deploy-production'],
    ['terraform plan -out=changes.plan', 'infrastructure terraform-plan', 'infrastructure/terraform'],
    ['terraform apply changes.plan', 'infrastructure terraform-apply', 'infrastructure/terraform'],
    ['./verify_infrastructure.sh', 'infrastructure verify-infrastructure', 'infrastructure/terraform'],
    ['./governance/alert_ack.py --alert-id $ALERT_ID', 'governance alert-ack'],
    ['./audits/investigate.py --alert-id $ALERT_ID', 'audits investigate'],
    ['./governance/escalate.py --alert-id $ALERT_ID --level CRITICAL', 'governance escalate'],
    ['./infrastructure/backup_model.sh --encrypt --verify', 'infrastructure backup-model'],
    ['./infrastructure/backup_config.sh', 'infrastructure backup-config'],
    ['./audits/backup_logs.sh --immutable', 'audits backup-logs'],
    ['./infrastructure/test_model_recovery.sh', 'infrastructure test-model-recovery'],
    ['./infrastructure/test_config_recovery.sh', 'infrastructure test-config-recovery'],
    ['./infrastructure/validate_backups.sh', 'infrastructure validate-backups'],
    ['./deployment/check_enclave.sh', 'deployment check-enclave'],
    ['python security/verify_attestation.py', 'security verify-attestation'],
    ['./audits/check_logs.sh --recent', 'audits check-logs'],
    ['./governance/monitor_dashboard/system_metrics.py', 'governance system-metrics'],
    ['./deployment/check_model_load.sh', 'deployment check-model-load'],
    ['./audits/analyze_queries.py', 'audits analyze-queries'],
    ['./security/isolate_system.sh', 'security isolate-system'],
    ['./audits/preserve_evidence.sh', 'audits preserve-evidence'],
    ['./governance/notify_security.py', 'governance notify-security'],
  ] as readonly (readonly [line: string, operation: string, folder?: string])[]
).map(([line, operation, folder]) => [line, operation, folder ?? '']);

const DOCUMENT = '../shared/spec/runbooks.md';

function located(entries: readonly CatalogueEntry[], line: string, folder: string): string {
  const command = readCommandLine(line);
  if ('reason' in command) return command.reason;
  const found = locate(entries, command.words, folder);
  return 'reason' in found ? found.reason : `${found.entry.room} ${found.entry.name}`;
}

/** Every operation of the list, as if all of them existed, without any declared path. */
const everything = LINES.map(([, operation]) => {
  const [room, name] = operation.split(' ');
  return { room, name, runbookLine: null } as unknown as CatalogueEntry;
});

test('the document has 41 command lines', () => {
  expect(LINES).toHaveLength(41);
});

describe.each(LINES)('%s', (line, operation, folder) => {
  test(`means ${operation} by the rule alone`, () => {
    expect(located(everything, line, folder)).toBe(operation);
  });
  test('binds to that operation or to none', () => {
    const exists = catalogue.some((entry) => `${entry.room} ${entry.name}` === operation);
    expect(located(catalogue, line, folder)).toBe(exists ? operation : `there is no operation "${operation}"`);
  });
});

test.skipIf(!existsSync(DOCUMENT))(`${DOCUMENT} says exactly that (skipped where it is absent)`, { timeout: 60_000 }, async () => {
  const report = await checkRunbook(catalogue, readRunbookFile(DOCUMENT));
  expect(report.lines.map(({ command }) => command)).toEqual(LINES.map(([line]) => line));
  for (const [index, { operation, reason }] of report.lines.entries()) {
    const meant = LINES[index]?.[1] ?? '';
    expect(operation ?? reason).toBe(operation === null ? `there is no operation "${meant}"` : meant);
  }
  expect(report.exit).toBe(report.unbound > 0 ? 3 : 0);
});
