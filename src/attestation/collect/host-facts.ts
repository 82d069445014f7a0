import type { EvidenceSource } from './evidence-source.ts';

const CPUINFO = '/proc/cpuinfo';
/** Flags that say something of confidential computing; `true`: they hint at a guest that could give evidence. */
const FLAGS: Readonly<Record<string, boolean>> = {
  tdx_guest: true,
  sev_snp: true,
  sev_es: false,
  sev: false,
  tdx_host_platform: false,
  sgx: false,
  hypervisor: false,
};
/** What `nvidia-smi conf-compute` says of the GPUs. */
const GPU_QUESTIONS: Readonly<Record<string, string>> = {
  '-f': 'confidential computing',
  '-d': 'developer tools',
  '-e': 'environment',
  '-grs': 'ready state',
};
const LONGEST = 200;

/** Something that a host says of itself. Nothing of it is proved. */
export interface HostFact {
  readonly name: string;
  readonly value: string;
  /** Whether it hints at an enclave: where no interface gives evidence, that is worth a look. */
  readonly hint: boolean;
}

function flagFacts({ files }: EvidenceSource): readonly HostFact[] {
  const read = files.read(CPUINFO);
  if (read.outcome !== 'found') return [{ name: 'processor flags', value: `${CPUINFO}: ${read.why}`, hint: false }];
  const [, flags = ''] = /^flags\s*:(.*)$/mu.exec(read.value.toString('latin1')) ?? [];
  const found = new Set(flags.trim().split(/\s+/u));
  return Object.entries(FLAGS)
    .filter(([flag]) => found.has(flag))
    .map(([flag, hint]) => ({ name: 'processor flag', value: flag, hint }));
}

/** What NVIDIA's own program says; its reports are collected by NVIDIA's tools and given as files. */
async function gpuFacts({ run, files, live }: EvidenceSource): Promise<readonly HostFact[]> {
  if (!live || files.kindOf('/dev/nvidiactl').outcome === 'absent') return [];
  const facts: HostFact[] = [];
  for (const [option, name] of Object.entries(GPU_QUESTIONS)) {
    const { code, stdout, stderr } = await run(['nvidia-smi', 'conf-compute', option]);
    const said = (code === 0 ? stdout : stderr).replaceAll(/\s+/gu, ' ').trim().slice(0, LONGEST);
    facts.push({ name: `GPU ${name}`, value: said === '' ? `exit ${String(code)}` : said, hint: code === 0 && option === '-f' && /\bON\b/u.test(said) });
  }
  return facts;
}

/** Hints, never a proof. */
export async function hostFacts(source: EvidenceSource): Promise<readonly HostFact[]> {
  return [...flagFacts(source), ...(await gpuFacts(source))];
}
