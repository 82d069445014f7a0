import type { CheckList, ReasonCode } from '../checks.ts';
import type { SnpPolicy } from './policy.ts';
import { GUEST_POLICY_BITS, hasBit, PLATFORM_BITS } from './report.ts';
import type { SnpReport } from './report.ts';
import { formatTcb, isAtLeast, readTcb } from './tcb.ts';
import type { SnpProduct, Tcb } from './tcb.ts';

const NOT_ASKED = 'the policy does not ask';

/** `measurement` and the like: an empty list allows nothing. */
function allowed(list: CheckList, name: string, values: readonly string[] | undefined, found: Buffer): void {
  if (values === undefined) list.notApplicable(name, NOT_ASKED);
  else
    list.that(name, values.includes(found.toString('hex')), 'measurement-not-allowed', {
      expected: values.join(' or ') || 'nothing',
      found: found.toString('hex'),
    });
}

function atLeast(list: CheckList, name: string, minimum: Tcb | undefined, field: Buffer, product: SnpProduct | undefined): void {
  if (minimum === undefined) list.notApplicable(name, NOT_ASKED);
  else if (product === undefined) list.unknown(name, 'rests on what failed: product');
  else {
    const found = readTcb(field, product);
    list.that(name, isAtLeast(found, minimum), 'tcb-too-old', { expected: `at least ${formatTcb(minimum)}`, found: formatTcb(found) });
  }
}

function bits<N extends string>(
  list: CheckList,
  name: string,
  positions: Readonly<Record<N, bigint>>,
  asked: { readonly require: readonly N[]; readonly forbid: readonly N[] } | undefined,
  value: bigint,
): void {
  if (asked === undefined) {
    list.notApplicable(name, NOT_ASKED);
    return;
  }
  const { require, forbid } = asked;
  const holds = require.every((bit) => hasBit(value, positions[bit])) && !forbid.some((bit) => hasBit(value, positions[bit]));
  const set = (Object.keys(positions) as N[]).filter((bit) => hasBit(value, positions[bit]));
  list.that(name, holds, 'tcb-status', {
    expected: `with ${require.join(', ') || 'nothing'}, without ${forbid.join(', ') || 'nothing'}`,
    found: set.join(', ') || 'none',
  });
}

function number(list: CheckList, name: string, code: ReasonCode, holds: (() => boolean) | undefined, expected: string, found: string): void {
  if (holds === undefined) list.notApplicable(name, NOT_ASKED);
  else list.that(name, holds(), code, { expected, found });
}

function isVersionAtLeast(found: readonly number[], minimum: readonly number[]): boolean {
  const differs = found.findIndex((part, at) => part !== minimum[at]);
  return differs === -1 || (found[differs] ?? 0) > (minimum[differs] ?? 0);
}

/** What the policy says about a report whose structure could be read: measurement, debug, privilege level, versions. */
export function appraiseSnpReport(list: CheckList, report: SnpReport, product: SnpProduct | undefined, policy: SnpPolicy): void {
  const { max_vmpl: vmpl, min_guest_svn: svn, min_firmware: firmware, mitigations } = policy;
  allowed(list, 'measurement', policy.measurements, report.measurement);
  list.that('debug', policy.allow_debug || !hasBit(report.policy, GUEST_POLICY_BITS.debug), 'debug-enabled', {
    expected: policy.allow_debug ? 'on or off' : 'off',
    found: hasBit(report.policy, GUEST_POLICY_BITS.debug) ? 'on' : 'off',
  });
  number(list, 'vmpl', 'vmpl-not-allowed', vmpl === undefined ? undefined : () => report.vmpl <= vmpl, `at most ${String(vmpl)}`, String(report.vmpl));
  const migrates = hasBit(report.policy, GUEST_POLICY_BITS.migrate_ma);
  const migration = policy.forbid_migration ? () => !migrates : undefined;
  number(list, 'migration', 'migration-agent', migration, 'no migration agent', migrates ? 'a migration agent is allowed' : 'none');
  atLeast(list, 'minimum-tcb', policy.min_tcb, report.tcb.reported, product);
  atLeast(list, 'minimum-launch-tcb', policy.min_launch_tcb, report.tcb.launch, product);
  atLeast(list, 'minimum-committed-tcb', policy.min_committed_tcb, report.tcb.committed, product);
  const committed = report.firmware.committed;
  const isFirmware = firmware === undefined ? undefined : () => isVersionAtLeast(committed, firmware);
  number(list, 'minimum-firmware', 'tcb-too-old', isFirmware, `at least ${(firmware ?? []).join('.')}`, committed.join('.'));
  number(list, 'guest-svn', 'tcb-too-old', svn === undefined ? undefined : () => report.guestSvn >= svn, `at least ${String(svn)}`, String(report.guestSvn));
  allowed(list, 'host-data', policy.host_data, report.hostData);
  allowed(list, 'id-key', policy.id_key_digests, report.idKeyDigest);
  allowed(list, 'author-key', policy.author_key_digests, report.authorKeyDigest);
  allowed(list, 'family-id', policy.family_ids, report.familyId);
  allowed(list, 'image-id', policy.image_ids, report.imageId);
  bits(list, 'guest-policy', GUEST_POLICY_BITS, policy.guest_policy, report.policy);
  bits(list, 'platform', PLATFORM_BITS, policy.platform, report.platformInfo);
  const { current } = report.mitigations;
  const mitigated = mitigations === undefined ? undefined : () => (current & mitigations) === mitigations;
  number(list, 'mitigations', 'tcb-status', mitigated, `all of ${(mitigations ?? 0n).toString(16)}`, current.toString(16));
}
