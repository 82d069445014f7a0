import type { PckPlatform } from './pck-extension.ts';
import type { TdReport } from './report-body.ts';
import type { EnclaveLevel, PlatformLevel, TcbInfo } from './tcb-info.ts';
import { moduleIdOf, platformLevelOf } from './tcb-level.ts';
import { isOutOfDate, worstOf } from './tcb-status.ts';
import type { AllowableStatus } from './tcb-status.ts';

/** Levels that were matched for one quote of a TD. */
export interface TdLevels {
  readonly info: TcbInfo;
  readonly pck: PckPlatform;
  readonly td: TdReport;
  readonly qe: EnclaveLevel;
  readonly platform: PlatformLevel;
  readonly module: EnclaveLevel | null;
}

const NEEDS_CONFIGURATION: ReadonlySet<string> = new Set(['ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded', 'OutOfDateConfigurationNeeded']);

/** Whether the module that runs now (the second number of TD 1.5) is at the newest level. */
function isModuleCurrent({ tcbLevels, tdxModuleIdentities = [] }: TcbInfo, current: Buffer): boolean {
  const newest = tcbLevels[0]?.tcb.tdxtcbcomponents;
  if (newest === undefined) return false;
  const [svn = 0, version = 0, third = 0] = current;
  if (third < (newest[2]?.svn ?? Infinity)) return false;
  if (version === 0) return svn >= (newest[0]?.svn ?? Infinity);
  const id = moduleIdOf(current);
  const levels = tdxModuleIdentities.find((published) => published.id.toUpperCase() === id)?.tcbLevels;
  return svn >= (levels?.[0]?.tcb.isvsvn ?? Infinity);
}

/**
 * Whether only the TD is old: it was launched under a module that has been updated since, so that a new launch is all that is missing.
 * Null where that does not hold (Intel DCAP, TD 1.5).
 */
export function relaunchStatusOf({ info, pck, td, qe, platform, module }: TdLevels): AllowableStatus | null {
  if (td.teeTcbSvn2 === null || !isModuleCurrent(info, td.teeTcbSvn2)) return null;
  const sgx = platformLevelOf(info, pck, null)?.tcbStatus;
  if (sgx === undefined || isOutOfDate(sgx) || isOutOfDate(qe.tcbStatus)) return null;
  const tdx = worstOf([platform.tcbStatus, module?.tcbStatus ?? 'UpToDate']);
  if (tdx === 'OutOfDate') return NEEDS_CONFIGURATION.has(sgx) ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised';
  return tdx === 'OutOfDateConfigurationNeeded' ? 'TDRelaunchAdvisedConfigurationNeeded' : null;
}
