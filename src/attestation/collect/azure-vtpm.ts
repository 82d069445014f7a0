import type { AskedFor, EvidenceSource, Gathered, LookedFor } from './evidence-source.ts';
import { TpmToolError, withTpmTools } from './tpm-tools.ts';
import { DEVICE_TCTI, missingTpm } from './tpm-quote.ts';

/** Where the paravisor of Azure keeps its report and the key that it proves. */
const REPORT_INDEX = '0x01400001';
const KEY_HANDLE = '0x81000003';
const ALL_PCRS = Array.from({ length: 24 }, (_, pcr) => pcr).join(',');
const FILES = { evidence: 'hcl.bin', msg: 'quote.msg', sig: 'quote.sig', pcrs: 'pcrs.bin' } as const;

function gave(outcome: LookedFor['outcome'], detail: string | null, evidence: Gathered['evidence'] = []): Gathered {
  return { looked: [{ interface: 'azure-vtpm', at: `index ${REPORT_INDEX} of the TPM`, outcome, detail }], evidence };
}

/**
 * The report of the paravisor and a quote of its vTPM. Without the index the TPM is another one, which is no failure. A recorded tree
 * has no such file: evidence of this kind is given as a file of its own.
 */
export async function collectAzureVtpm(source: EvidenceSource, { nonce }: AskedFor): Promise<Gathered> {
  const { run, live, tcti } = source;
  if (!live && tcti.startsWith(DEVICE_TCTI)) return gave('absent', null);
  const missing = missingTpm(source);
  if (missing !== null) return gave(missing.outcome, missing.detail);
  return withTpmTools(run, tcti, async (tools) => {
    try {
      await tools.run('tpm2_nvread', '-C', 'o', REPORT_INDEX, '-o', tools.path(FILES.evidence));
    } catch (error) {
      if (!(error instanceof TpmToolError)) throw error;
      if (error.denied || error.notStarted) return gave(error.denied ? 'denied' : 'unusable', error.message);
      return gave('absent', 'the TPM has no such index');
    }
    try {
      const out = ['-m', tools.path(FILES.msg), '-s', tools.path(FILES.sig), '-f', 'plain', '-o', tools.path(FILES.pcrs), '-F', 'values'];
      await tools.run('tpm2_quote', '-c', KEY_HANDLE, '-l', `sha256:${ALL_PCRS}`, '-q', nonce.toString('hex'), '-g', 'sha256', ...out);
    } catch (error) {
      if (!(error instanceof TpmToolError)) throw error;
      return gave('failed', `the report is there, but the vTPM gives no quote: ${error.message}`);
    }
    const [evidence, msg, sig, pcrs] = [FILES.evidence, FILES.msg, FILES.sig, FILES.pcrs].map((name) => tools.file(name)) as [Buffer, Buffer, Buffer, Buffer];
    return gave('found', 'az-snp-vtpm', [{ kind: 'az-snp-vtpm', interface: 'azure-vtpm', evidence, inputs: { msg, sig, pcrs } }]);
  });
}
