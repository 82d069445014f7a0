import { z } from 'zod';
import { EvidenceError } from '../checks.ts';
import { jsonOf } from './collateral.ts';

const svn = z.int().min(0).max(0xffff);
const date = z.iso.datetime();
const hexBytes = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-fA-F]{${String(2 * bytes)}}$`));
const components = z.array(z.object({ svn })).length(16);

/** A level of a module or of the quoting enclave. */
const enclaveLevel = z.object({ tcb: z.object({ isvsvn: svn }), tcbDate: date, tcbStatus: z.string(), advisoryIDs: z.array(z.string()).optional() });

const platformLevel = z.object({
  tcb: z.object({ sgxtcbcomponents: components, pcesvn: svn, tdxtcbcomponents: components.optional() }),
  tcbDate: date,
  tcbStatus: z.string(),
  advisoryIDs: z.array(z.string()).optional(),
});

const moduleSigner = { mrsigner: hexBytes(48), attributes: hexBytes(8), attributesMask: hexBytes(8) };

/** TCB info of version 3 (Intel PCS API v4). Status values that we do not know stay as they are: no policy allows them. */
const tcbInfo = z.object({
  id: z.string(),
  version: z.literal(3),
  issueDate: date,
  nextUpdate: date,
  fmspc: hexBytes(6),
  pceId: hexBytes(2),
  tdxModule: z.object(moduleSigner).optional(),
  tdxModuleIdentities: z.array(z.object({ id: z.string(), ...moduleSigner, tcbLevels: z.array(enclaveLevel) })).optional(),
  tcbLevels: z.array(platformLevel),
});

/** Identity of a quoting enclave, version 2 (Intel PCS API v4). */
const qeIdentity = z.object({
  id: z.string(),
  version: z.literal(2),
  issueDate: date,
  nextUpdate: date,
  miscselect: hexBytes(4),
  miscselectMask: hexBytes(4),
  attributes: hexBytes(16),
  attributesMask: hexBytes(16),
  mrsigner: hexBytes(32),
  isvprodid: svn,
  tcbLevels: z.array(enclaveLevel),
});

export type EnclaveLevel = z.output<typeof enclaveLevel>;
export type PlatformLevel = z.output<typeof platformLevel>;
export type TcbInfo = z.output<typeof tcbInfo>;
export type QeIdentity = z.output<typeof qeIdentity>;

function read<T>(schema: z.ZodType<T>, text: string): T {
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw new EvidenceError('collateral-signature', `signed, but not of the shape expected: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** EvidenceError `collateral-signature`. */
export function readTcbInfo(text: string): TcbInfo {
  return read(tcbInfo, text);
}

/** EvidenceError `collateral-signature`. */
export function readQeIdentity(text: string): QeIdentity {
  return read(qeIdentity, text);
}
