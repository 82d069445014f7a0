import type { CollectedEvidence, EvidenceSource, Gathered } from './evidence-source.ts';

/** Devices that answer control calls only, which Node cannot make. */
const DEVICES = [
  { interface: 'sev-guest', at: '/dev/sev-guest', kind: 'snp', instead: 'Linux 6.7 and newer give the same report below /sys/kernel/config/tsm' },
  { interface: 'tdx-guest', at: '/dev/tdx_guest', kind: 'tdx', instead: 'Linux 6.7 and newer give the same quote below /sys/kernel/config/tsm' },
  { interface: 'nitro-nsm', at: '/dev/nsm', kind: 'nitro', instead: 'have a program in the enclave write its document to a file' },
  { interface: 'sgx-enclave', at: '/dev/sgx_enclave', kind: 'sgx', instead: 'a quote is made inside of an enclave: have its program write it to a file' },
] as const;

function collectDevice({ files, live }: EvidenceSource, device: (typeof DEVICES)[number]): Gathered {
  const { interface: name, at, kind, instead } = device;
  const found = files.kindOf(at);
  if (found.outcome !== 'found')
    return { looked: [{ interface: name, at, outcome: found.outcome, detail: found.outcome === 'absent' ? null : found.why }], evidence: [] };
  const looked = { interface: name, at };
  if (live) return { looked: [{ ...looked, outcome: 'unusable', detail: `it answers control calls only; ${instead}` }], evidence: [] };
  const read = files.read(at);
  if (read.outcome !== 'found') return { looked: [{ ...looked, outcome: read.outcome, detail: read.why }], evidence: [] };
  const evidence: CollectedEvidence = { kind, interface: name, evidence: read.value, inputs: {} };
  return { looked: [{ ...looked, outcome: 'found', detail: kind }], evidence: [evidence] };
}

/** The devices of guests and enclaves. On a live host it is said that they are there; in a recorded tree their file is the evidence. */
export function collectGuestDevices(source: EvidenceSource): Gathered {
  const all = DEVICES.map((device) => collectDevice(source, device));
  return { looked: all.flatMap(({ looked }) => looked), evidence: all.flatMap(({ evidence }) => evidence) };
}
