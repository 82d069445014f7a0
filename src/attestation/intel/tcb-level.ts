import { EvidenceError } from '../checks.ts';
import type { PckPlatform } from './pck-extension.ts';
import type { TdReport } from './report-body.ts';
import type { EnclaveLevel, PlatformLevel, TcbInfo } from './tcb-info.ts';

/** Whether the platform has at least the SGX part of a level. */
function reachesSgx({ tcb }: PlatformLevel, { components, pceSvn }: PckPlatform): boolean {
  return tcb.sgxtcbcomponents.every(({ svn }, at) => svn <= (components[at] ?? -1)) && tcb.pcesvn <= pceSvn;
}

/** Whether the TD has at least the TDX part of a level; the first two components are judged by the module's own levels where it has some. */
function reachesTdx({ tcb }: PlatformLevel, { teeTcbSvn }: TdReport): boolean {
  const judgedElsewhere = (teeTcbSvn[1] ?? 0) > 0 ? 2 : 0;
  return tcb.tdxtcbcomponents?.every(({ svn }, at) => at < judgedElsewhere || svn <= (teeTcbSvn[at] ?? -1)) ?? false;
}

/** The first level of the published order that the platform reaches; `td` null: an SGX enclave. Undefined: it is not supported. */
export function platformLevelOf({ tcbLevels }: TcbInfo, platform: PckPlatform, td: TdReport | null): PlatformLevel | undefined {
  return tcbLevels.find((level) => reachesSgx(level, platform) && (td === null || reachesTdx(level, td)));
}

/** The first level that a security version number reaches. */
export function enclaveLevelOf(levels: readonly EnclaveLevel[], isvSvn: number): EnclaveLevel | undefined {
  return levels.find(({ tcb }) => isvSvn >= tcb.isvsvn);
}

/** Whether `bytes` under the mask are those of the hex text. */
export function isUnderMask(bytes: Buffer, mask: string, expected: string): boolean {
  const masks = Buffer.from(mask, 'hex');
  return Buffer.from(bytes.map((byte, at) => byte & (masks[at] ?? 0))).equals(Buffer.from(expected, 'hex'));
}

/** `TDX_03` for a TD whose module is of version 3. */
export function moduleIdOf(teeTcbSvn: Buffer): string {
  return `TDX_${teeTcbSvn.toString('hex', 1, 2).toUpperCase()}`;
}

/**
 * The level of a TD's module; null for the first modules, which have none of their own. EvidenceError `tcb-status`: the module is not
 * published, below every level, or of another signer.
 */
export function moduleLevelOf({ tdxModule, tdxModuleIdentities = [] }: TcbInfo, { teeTcbSvn, mrSignerSeam, seamAttributes }: TdReport): EnclaveLevel | null {
  const id = moduleIdOf(teeTcbSvn);
  const isFirst = teeTcbSvn[1] === 0;
  const identity = isFirst ? undefined : tdxModuleIdentities.find((published) => published.id.toUpperCase() === id);
  const signer = isFirst ? tdxModule : identity;
  if (signer === undefined) throw new EvidenceError('tcb-status', `the module ${isFirst ? 'of the first kind' : id} is not published`);
  if (!mrSignerSeam.equals(Buffer.from(signer.mrsigner, 'hex'))) throw new EvidenceError('tcb-status', `the module ${id} is of another signer`);
  if (!isUnderMask(seamAttributes, signer.attributesMask, signer.attributes))
    throw new EvidenceError('tcb-status', `the module ${id} has other attributes: ${seamAttributes.toString('hex')}`);
  if (identity === undefined) return null;
  const svn = teeTcbSvn[0] ?? 0;
  const level = enclaveLevelOf(identity.tcbLevels, svn);
  if (level === undefined) throw new EvidenceError('tcb-status', `the module ${id} with the number ${String(svn)} is below every level: not supported`);
  return level;
}
