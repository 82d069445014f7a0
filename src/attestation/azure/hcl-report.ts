import { EvidenceError } from '../checks.ts';
import { REPORT_BYTES } from '../snp/report.ts';

const MAGIC = Buffer.from('HCLA', 'latin1');
const REPORT_AT = 32;
const DATA_HEAD_AT = REPORT_AT + REPORT_BYTES;
const DATA_HEAD_BYTES = 20;
const DATA_AT = DATA_HEAD_AT + DATA_HEAD_BYTES;
const MAX_DATA_BYTES = 64 * 1024;
const NEWEST_VERSION = 2;
const REQUEST_TYPE = 2;
const DATA_VERSION = 1;
const SNP_REPORT = 2;
const SHA256 = 1;

/** What the paravisor of an Azure confidential VM writes into its vTPM at boot. */
export interface HclReport {
  readonly snpReport: Buffer;
  /** JSON; the report data of the SNP report is its SHA-256 and 32 zero bytes. */
  readonly runtimeData: Buffer;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new EvidenceError('malformed', `the report of the paravisor: ${what}`);
}

/** EvidenceError `malformed`. Heads and tail are unsigned, so nothing in them may be other than what it must be. */
export function readHclReport(bytes: Buffer): HclReport {
  demand(bytes.length >= DATA_AT && bytes.subarray(0, 4).equals(MAGIC), 'size or magic');
  const version = bytes.readUInt32LE(4);
  demand(version >= 1 && version <= NEWEST_VERSION, 'version');
  demand(bytes.readUInt32LE(12) === REQUEST_TYPE, 'request type');
  demand(
    bytes.subarray(16, REPORT_AT).every((byte) => byte === 0),
    'reserved bytes',
  );
  const length = bytes.readUInt32LE(DATA_HEAD_AT + 16);
  demand(length <= MAX_DATA_BYTES && DATA_AT + length <= bytes.length, 'length of the runtime data');
  demand(bytes.readUInt32LE(8) === DATA_AT + length, 'size');
  demand(bytes.readUInt32LE(DATA_HEAD_AT) === DATA_HEAD_BYTES + length, 'size of the runtime data');
  demand(bytes.readUInt32LE(DATA_HEAD_AT + 4) === DATA_VERSION, 'version of the runtime data');
  demand(bytes.readUInt32LE(DATA_HEAD_AT + 8) === SNP_REPORT, 'report type');
  demand(bytes.readUInt32LE(DATA_HEAD_AT + 12) === SHA256, 'hash type');
  demand(
    bytes.subarray(DATA_AT + length).every((byte) => byte === 0),
    'bytes behind the runtime data',
  );
  return { snpReport: bytes.subarray(REPORT_AT, DATA_HEAD_AT), runtimeData: bytes.subarray(DATA_AT, DATA_AT + length) };
}
