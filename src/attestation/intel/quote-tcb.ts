import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import { readPckPlatform } from './pck-extension.ts';
import type { PckPlatform } from './pck-extension.ts';
import type { Quote } from './quote.ts';
import type { TrustedDocuments } from './quote-trust.ts';
import type { EnclaveReport } from './report-body.ts';
import type { EnclaveLevel, QeIdentity, TcbInfo } from './tcb-info.ts';
import { enclaveLevelOf, isUnderMask, moduleLevelOf, platformLevelOf } from './tcb-level.ts';
import { mergeLevels } from './tcb-status.ts';
import { relaunchStatusOf } from './td-relaunch.ts';

const MS_PER_DAY = 86_400_000;

/** Names of the documents of each TEE. */
const DOCUMENT_IDS = { sgx: { qe: 'QE', tcb: 'SGX' }, tdx: { qe: 'TD_QE', tcb: 'TDX' } } as const;

/** Which levels pass. */
export interface AllowedLevels {
  readonly statuses: readonly string[];
  /** `OutOfDate` passes while the oldest matched level is younger than so many days. 0: never. */
  readonly outOfDateDays: number;
  readonly clockMs: number;
}

/** Checks 9 to 13: the documents are of this TEE and platform, and the levels of enclave, platform and module. */
export function checkTcb(list: CheckList, quote: Quote | undefined, { tcbInfo, qeIdentity }: TrustedDocuments, allowed: AllowedLevels): void {
  const documents = list.after('collateral-kind', { quote, tcbInfo, qeIdentity }, (given) => {
    const ids = DOCUMENT_IDS[given.quote.body.tee];
    if (given.qeIdentity.id === ids.qe && given.tcbInfo.id === ids.tcb) return { info: given.tcbInfo, identity: given.qeIdentity };
    throw new EvidenceError('collateral-signature', `documents ${given.qeIdentity.id} and ${given.tcbInfo.id}`, {
      expected: `${ids.qe}, ${ids.tcb}`,
      found: `${given.qeIdentity.id}, ${given.tcbInfo.id}`,
    });
  });
  list.after('qe-report', { quote, documents }, (given) => demandIdentity(given.quote.qeReport, given.documents.identity));
  const qeLevel = list.after('qe-level', { quote, documents }, (given) => qeLevelOf(given.quote.qeReport, given.documents.identity));
  const platform = list.after('platform', { quote, documents }, (given) => platformOf(given.quote, given.documents.info));
  list.after('tcb-status', { quote, documents, qeLevel, platform }, (given) => {
    const state = stateOf(given.quote, given.documents.info, given.platform, given.qeLevel);
    list.tcb = state.shown;
    if (state.statuses.some((status) => status !== 'Revoked' && allowed.statuses.includes(status))) return;
    const { status, levelDate, advisories } = state.shown;
    const days = ageInDays(levelDate, allowed.clockMs);
    if (state.statuses.includes('OutOfDate') && days !== null && days < allowed.outOfDateDays) return;
    const age = days === null ? '' : ` (${String(days)} days old)`;
    const found = `${status}, level of ${levelDate ?? 'no date'}${age}${advisories.length > 0 ? `, ${advisories.join(' ')}` : ''}`;
    const grace = allowed.outOfDateDays === 0 ? [] : [`OutOfDate for less than ${String(allowed.outOfDateDays)} days`];
    throw new EvidenceError('tcb-status', status, { expected: [...allowed.statuses, ...grace].join(', '), found });
  });
}

/** Whole days; null for what is no date. Of a level that is not reached yet: 0. */
function ageInDays(levelDate: string | null, clockMs: number): number | null {
  const at = Date.parse(levelDate ?? '');
  return Number.isNaN(at) ? null : Math.max(0, Math.floor((clockMs - at) / MS_PER_DAY));
}

/** EvidenceError `qe-identity-mismatch` unless the report is that of the enclave that the document describes. */
function demandIdentity({ mrSigner, isvProdId, attributes, miscSelect }: EnclaveReport, identity: QeIdentity): void {
  const differs = (what: string, expected: string, found: string) =>
    new EvidenceError('qe-identity-mismatch', `${what} of the quoting enclave`, { expected, found });
  if (!mrSigner.equals(Buffer.from(identity.mrsigner, 'hex'))) throw differs('MRSIGNER', identity.mrsigner, mrSigner.toString('hex'));
  if (isvProdId !== identity.isvprodid) throw differs('ISVPRODID', String(identity.isvprodid), String(isvProdId));
  if (!isUnderMask(attributes, identity.attributesMask, identity.attributes)) throw differs('ATTRIBUTES', identity.attributes, attributes.toString('hex'));
  if (!isUnderMask(miscSelect, identity.miscselectMask, identity.miscselect)) throw differs('MISCSELECT', identity.miscselect, miscSelect.toString('hex'));
}

function qeLevelOf({ isvSvn }: EnclaveReport, { tcbLevels }: QeIdentity): EnclaveLevel {
  const level = enclaveLevelOf(tcbLevels, isvSvn);
  if (level === undefined) throw new EvidenceError('tcb-status', `the quoting enclave with the number ${String(isvSvn)} is below every level: not supported`);
  return level;
}

function platformOf({ pckChain: [pck] }: Quote, { fmspc, pceId }: TcbInfo): PckPlatform {
  const platform = readPckPlatform(pck);
  if (platform.fmspc === fmspc.toLowerCase() && platform.pceId === pceId.toLowerCase()) return platform;
  throw new EvidenceError('collateral-mismatch', 'TCB info of another platform', {
    expected: `FMSPC ${platform.fmspc}, PCE ${platform.pceId}`,
    found: `FMSPC ${fmspc}, PCE ${pceId}`,
  });
}

/** What is shown, and every status that may be allowed instead: an old TD on a current platform is out of date and can be relaunched. */
function stateOf({ body }: Quote, info: TcbInfo, pck: PckPlatform, qe: EnclaveLevel) {
  const td = body.tee === 'tdx' ? body.report : null;
  const platform = platformLevelOf(info, pck, td);
  if (platform === undefined) throw new EvidenceError('tcb-status', 'the platform is below every level: not supported');
  const module = td === null ? null : moduleLevelOf(info, td);
  const merged = mergeLevels([qe, platform, ...(module === null ? [] : [module])]);
  const relaunch = td === null ? null : relaunchStatusOf({ info, pck, td, qe, platform, module });
  return { shown: relaunch === null ? merged : { ...merged, status: relaunch }, statuses: relaunch === null ? [merged.status] : [merged.status, relaunch] };
}
