/** SGX report body (Intel SGX developer reference, `sgx_report_body_t`): the body of an SGX quote and the report of every quoting enclave. */
export interface EnclaveReport {
  readonly raw: Buffer;
  /** 4 bytes. */
  readonly miscSelect: Buffer;
  /** 16 bytes. */
  readonly attributes: Buffer;
  readonly mrEnclave: Buffer;
  readonly mrSigner: Buffer;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** 64 bytes. */
  readonly reportData: Buffer;
}

/** TD report body (Intel TDX DCAP quoting library, `sgx_report2_body_t`; TD 1.5: `sgx_report2_body_v1_5_t`). */
export interface TdReport {
  /** 16 security version numbers; [0] of the module, [1] its version. */
  readonly teeTcbSvn: Buffer;
  readonly mrSignerSeam: Buffer;
  /** 8 bytes. */
  readonly seamAttributes: Buffer;
  readonly tdAttributes: bigint;
  readonly mrTd: Buffer;
  /** RTMR0 to RTMR3. */
  readonly rtmrs: readonly Buffer[];
  /** 64 bytes. */
  readonly reportData: Buffer;
  /** TD 1.5 only: the level of the module that runs now, where `teeTcbSvn` is that of the launch. */
  readonly teeTcbSvn2: Buffer | null;
}

export const ENCLAVE_REPORT_BYTES = 384;
export const TD_REPORT_BYTES = 584;
export const TD_REPORT_15_BYTES = 648;

const RTMR_OFFSETS = [328, 376, 424, 472];

/** `raw` has ENCLAVE_REPORT_BYTES. */
export function readEnclaveReport(raw: Buffer): EnclaveReport {
  return {
    raw,
    miscSelect: raw.subarray(16, 20),
    attributes: raw.subarray(48, 64),
    mrEnclave: raw.subarray(64, 96),
    mrSigner: raw.subarray(128, 160),
    isvProdId: raw.readUInt16LE(256),
    isvSvn: raw.readUInt16LE(258),
    reportData: raw.subarray(320, 384),
  };
}

/** `raw` has TD_REPORT_BYTES or TD_REPORT_15_BYTES. */
export function readTdReport(raw: Buffer): TdReport {
  return {
    teeTcbSvn: raw.subarray(0, 16),
    mrSignerSeam: raw.subarray(64, 112),
    seamAttributes: raw.subarray(112, 120),
    tdAttributes: raw.readBigUInt64LE(120),
    mrTd: raw.subarray(136, 184),
    rtmrs: RTMR_OFFSETS.map((offset) => raw.subarray(offset, offset + 48)),
    reportData: raw.subarray(520, 584),
    teeTcbSvn2: raw.length === TD_REPORT_15_BYTES ? raw.subarray(584, 600) : null,
  };
}
