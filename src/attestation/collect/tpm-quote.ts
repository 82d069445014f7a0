import { EvidenceError } from '../checks.ts';
import { isAttestationKey, readPublicArea } from '../tpm/public-area.ts';
import type { AskedFor, CollectedEvidence, EvidenceSource, Gathered, LookedFor, TpmWish } from './evidence-source.ts';
import type { HostFiles } from './host-files.ts';
import { TpmToolError, withTpmTools } from './tpm-tools.ts';
import type { TpmTools } from './tpm-tools.ts';

const DEVICE = '/dev/tpmrm0';
export const DEVICE_TCTI = 'device:';
const LOGS = {
  eventlog: '/sys/kernel/security/tpm0/binary_bios_measurements',
  ima: '/sys/kernel/security/ima/ascii_runtime_measurements_sha256',
} as const;
/** Files of a recorded quote, in a folder in the place of the device. */
const RECORDED = { evidence: 'quote.msg', sig: 'quote.sig', pub: 'ak.pub' } as const;
const HANDLE = /0x81[0-9a-fA-F]{6}/gu;

/** Logs that the host gives; what it does not give is missing when the quote is replayed. */
function readLogs(files: HostFiles): { readonly inputs: Record<string, Buffer>; readonly looked: readonly LookedFor[] } {
  const inputs: Record<string, Buffer> = {};
  const looked = Object.entries(LOGS).map(([name, at]): LookedFor => {
    const read = files.read(at);
    if (read.outcome === 'found') inputs[name] = read.value;
    return {
      interface: name === 'ima' ? 'ima-list' : 'tpm-event-log',
      at,
      outcome: read.outcome,
      detail: read.outcome === 'denied' || read.outcome === 'failed' ? read.why : null,
    };
  });
  return { inputs, looked };
}

function canAttest(area: Buffer): boolean {
  try {
    return isAttestationKey(readPublicArea(area));
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** The key that was named, else the first persistent one that signs only what its TPM made. */
async function findKey(tools: TpmTools, named: string | null): Promise<string> {
  const handles = named === null ? [...new Set((await tools.run('tpm2_getcap', 'handles-persistent')).match(HANDLE) ?? [])] : [named];
  for (const handle of handles) {
    await tools.run('tpm2_readpublic', '-c', handle, '-f', 'tss', '-o', tools.path(RECORDED.pub));
    if (named !== null || canAttest(tools.file(RECORDED.pub))) return handle;
  }
  throw new TpmToolError('it keeps no attestation key; make one with tpm2_createak and keep it with tpm2_evictcontrol', false);
}

async function quote(
  { run, tcti }: EvidenceSource,
  wish: TpmWish,
  nonce: Buffer,
): Promise<{ readonly handle: string; readonly files: Record<'evidence' | 'sig' | 'pub', Buffer> }> {
  return withTpmTools(run, tcti, async (tools) => {
    const handle = await findKey(tools, wish.key);
    const wanted = ['-l', `sha256:${wish.pcrs.join(',')}`, '-q', nonce.toString('hex'), '-g', 'sha256'];
    await tools.run('tpm2_quote', '-c', handle, ...wanted, '-m', tools.path(RECORDED.evidence), '-s', tools.path(RECORDED.sig));
    return { handle, files: { evidence: tools.file(RECORDED.evidence), sig: tools.file(RECORDED.sig), pub: tools.file(RECORDED.pub) } };
  });
}

/** With its logs. The list of measured files goes on growing, so it is read after the quote. */
function withLogs(files: HostFiles, at: string, detail: string, { evidence, sig, pub }: Record<'evidence' | 'sig' | 'pub', Buffer>): Gathered {
  const { inputs, looked } = readLogs(files);
  const collected: CollectedEvidence = { kind: 'tpm2', interface: 'tpm', evidence, inputs: { sig, pub, ...inputs } };
  return { looked: [{ interface: 'tpm', at, outcome: 'found', detail }, ...looked], evidence: [collected] };
}

function nothing(at: string, outcome: LookedFor['outcome'], detail: string | null): Gathered {
  return { looked: [{ interface: 'tpm', at, outcome, detail }], evidence: [] };
}

function recorded(files: HostFiles): Gathered {
  const [evidence, sig, pub] = [RECORDED.evidence, RECORDED.sig, RECORDED.pub].map((name) => files.read(`${DEVICE}/${name}`));
  if (evidence?.outcome !== 'found' || sig?.outcome !== 'found' || pub?.outcome !== 'found')
    return nothing(DEVICE, 'failed', `a recorded quote is a folder of ${Object.values(RECORDED).join(', ')}`);
  return withLogs(files, DEVICE, 'a recorded quote', { evidence: evidence.value, sig: sig.value, pub: pub.value });
}

/** What is said when the device is not there; null: it is, or a TPM is reached another way, of which nobody knows before it is asked. */
export function missingTpm({ files, tcti }: EvidenceSource): LookedFor | null {
  if (!tcti.startsWith(DEVICE_TCTI)) return null;
  const at = tcti.slice(DEVICE_TCTI.length);
  const found = files.kindOf(at);
  return found.outcome === 'found' ? null : { interface: 'tpm', at, outcome: found.outcome, detail: found.outcome === 'absent' ? null : found.why };
}

/** A quote of a TPM 2.0, only where a policy says that it counts: a TPM is no enclave. */
export async function collectTpmQuote(source: EvidenceSource, { nonce }: AskedFor): Promise<Gathered> {
  const { tpm, files, live, tcti } = source;
  const missing = missingTpm(source);
  if (missing !== null) return { looked: [missing], evidence: [] };
  if (tpm === null) return nothing(tcti, 'found', 'not asked: its quotes count only where the policy lists tpm2');
  if (!live && tcti.startsWith(DEVICE_TCTI)) return recorded(files);
  try {
    const { handle, files: made } = await quote(source, tpm, nonce);
    return withLogs(files, tcti, `quote by the key ${handle}`, made);
  } catch (error) {
    if (!(error instanceof TpmToolError)) throw error;
    const why = error.notStarted ? `tpm2-tools are not installed (${error.message})` : error.message;
    return nothing(tcti, error.denied ? 'denied' : error.notStarted ? 'unusable' : 'failed', why);
  }
}
