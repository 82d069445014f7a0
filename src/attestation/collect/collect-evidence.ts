import { collectAzureVtpm } from './azure-vtpm.ts';
import type { AskedFor, EvidenceSource, Gathered } from './evidence-source.ts';
import { collectGuestDevices } from './guest-devices.ts';
import { hostFacts } from './host-facts.ts';
import type { HostFact } from './host-facts.ts';
import { collectTpmQuote } from './tpm-quote.ts';
import { collectTsmReport } from './tsm-report.ts';

/** All that a host gives, and all that was looked for. */
export interface Collection extends Gathered {
  readonly facts: readonly HostFact[];
}

/** Looks for every interface in the order in which evidence is preferred, and collects from those that answer. Throws nothing that the host causes. */
export async function collectEvidence(source: EvidenceSource, asked: AskedFor): Promise<Collection> {
  const all = [collectTsmReport(source, asked), collectGuestDevices(source), await collectAzureVtpm(source, asked), await collectTpmQuote(source, asked)];
  return { looked: all.flatMap(({ looked }) => looked), evidence: all.flatMap(({ evidence }) => evidence), facts: await hostFacts(source) };
}
