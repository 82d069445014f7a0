import { EvidenceError } from '../checks.ts';
import type { CheckList } from '../checks.ts';
import type { Challenge } from '../evidence-kind.ts';
import type { Quote, QuoteBody } from './quote.ts';
import type { TdReport } from './report-body.ts';
import { demandReplay } from './rtmr-replay.ts';
import type { RegisterLogs } from './rtmr-replay.ts';

/** What a policy asks of the workload; hex in lower case. */
export interface WorkloadPolicy {
  readonly measurements?: readonly string[] | undefined;
  readonly allow_debug: boolean;
  /** Number of a register -> value. */
  readonly rtmr?: Readonly<Record<string, string>> | undefined;
}

const TD_DEBUG = 1n;
const SEPT_VE_DISABLE = 1n << 28n;
const PROTECTION_KEYS = 1n << 30n;
const KEY_LOCKER = 1n << 31n;
const PERFMON = 1n << 63n;
const KNOWN_TD_ATTRIBUTES = TD_DEBUG | SEPT_VE_DISABLE | PROTECTION_KEYS | KEY_LOCKER | PERFMON;
const ENCLAVE_DEBUG = 0x02;

/** Check 14: attributes of a TD that are reserved or must be set. */
export function checkTdAttributes(list: CheckList, quote: Quote | undefined): void {
  const td = quote?.body.tee === 'tdx' ? quote.body.report : undefined;
  list.after('td-reserved', { quote: td }, (given) => {
    const reserved = given.quote.tdAttributes & ~KNOWN_TD_ATTRIBUTES;
    if (reserved !== 0n) throw new EvidenceError('malformed', `reserved attributes of the TD: ${reserved.toString(16)}`);
  });
  list.after('td-attributes', { quote: td }, (given) => {
    if ((given.quote.tdAttributes & SEPT_VE_DISABLE) === 0n) throw new EvidenceError('td-attributes', 'SEPT_VE_DISABLE is off');
  });
}

/** Check 15: what was asked, what runs, and whether its memory can be read. */
export function checkWorkload(list: CheckList, quote: Quote | undefined, { reportData }: Challenge, policy: WorkloadPolicy): void {
  const body = quote?.body;
  if (reportData === undefined) list.notApplicable('report-data', 'nothing was asked for');
  else list.after('report-data', { body }, (given) => demandReportData(reportData, given.body.report.reportData));
  const { measurements } = policy;
  if (measurements === undefined) list.notApplicable('measurement', 'the policy has no list');
  else list.after('measurement', { body }, (given) => demandListed(measurements, measurementOf(given.body)));
  list.after('debug', { body }, (given) => demandDebug(isDebug(given.body), policy.allow_debug));
}

function demandDebug(isOn: boolean, isAllowed: boolean): void {
  if (isOn && !isAllowed) throw new EvidenceError('debug-enabled', 'the host can read and change what runs', { expected: 'off', found: 'on' });
}

/** The registers that a policy pins, and those that the logs which came along tell about. */
export function checkRegisters(list: CheckList, quote: Quote | undefined, { rtmr }: WorkloadPolicy, logs: RegisterLogs): void {
  const td = quote?.body.tee === 'tdx' ? quote.body.report : undefined;
  if (rtmr === undefined) list.notApplicable('rtmr', 'the policy pins none');
  else list.after('rtmr', { quote: td }, (given) => demandRegisters(given.quote, rtmr));
  if (logs.ccel === undefined && logs.events === undefined) list.notApplicable('event-log', 'no log was given');
  else list.after('event-log', { quote: td }, (given) => demandReplay(given.quote.rtmrs, logs));
}

function demandRegisters({ rtmrs }: TdReport, pinned: Readonly<Record<string, string>>): void {
  for (const [index, expected] of Object.entries(pinned)) {
    const found = rtmrs[Number(index)]?.toString('hex') ?? 'no such register';
    if (found !== expected)
      throw new EvidenceError('measurement-not-allowed', `RTMR${index}`, { expected: `RTMR${index} ${expected}`, found: `RTMR${index} ${found}` });
  }
}

function demandReportData(asked: Buffer, found: Buffer): void {
  if (!found.equals(asked)) throw new EvidenceError('nonce-mismatch', 'other report data', { expected: asked.toString('hex'), found: found.toString('hex') });
}

function demandListed(measurements: readonly string[], measurement: Buffer): void {
  const found = measurement.toString('hex');
  if (!measurements.includes(found)) throw new EvidenceError('measurement-not-allowed', 'not in the list', { expected: measurements.join(', '), found });
}

/** MRTD of a TD, MRENCLAVE of an enclave. */
function measurementOf(body: QuoteBody): Buffer {
  return body.tee === 'tdx' ? body.report.mrTd : body.report.mrEnclave;
}

function isDebug(body: QuoteBody): boolean {
  return body.tee === 'tdx' ? (body.report.tdAttributes & TD_DEBUG) !== 0n : ((body.report.attributes[0] ?? 0) & ENCLAVE_DEBUG) !== 0;
}
