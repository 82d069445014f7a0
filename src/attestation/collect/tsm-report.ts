import { randomBytes } from 'node:crypto';
import type { AskedFor, CollectedEvidence, EvidenceSource, Gathered, LookedFor } from './evidence-source.ts';
import type { HostFiles } from './host-files.ts';

/** Documentation/ABI/testing/configfs-tsm of Linux, 6.7 and newer. */
const FOLDER = '/sys/kernel/config/tsm/report';
const CCEL = '/sys/firmware/acpi/tables/data/CCEL';
const KINDS: Readonly<Partial<Record<string, string>>> = { sev_guest: 'snp', tdx_guest: 'tdx' };
/** Another process may ask through the same entry only if it guesses its random name; the kernel counts all the same. */
const TRIES = 3;

function lookedFor(outcome: LookedFor['outcome'], detail: string | null, at = FOLDER): LookedFor {
  return { interface: 'configfs-tsm', at, outcome, detail };
}

/** A file that may be left out or be empty. */
function optional(files: HostFiles, path: string): Buffer | undefined {
  const read = files.read(path);
  return read.outcome === 'found' && read.value.length > 0 ? read.value : undefined;
}

function textOf(files: HostFiles, path: string): string {
  return (optional(files, path) ?? Buffer.alloc(0)).toString('latin1').trim();
}

/** Certificates of the host with a SEV-SNP report, the firmware's log with a quote of TDX. */
function inputsOf(files: HostFiles, entry: string, kind: string): Record<string, Buffer> {
  const [name, path] = kind === 'snp' ? ['certificates', `${entry}/auxblob`] : ['ccel', CCEL];
  const bytes = optional(files, path);
  return bytes === undefined ? {} : { [name]: bytes };
}

function readEntry(files: HostFiles, entry: string): CollectedEvidence | LookedFor {
  const provider = textOf(files, `${entry}/provider`);
  const kind = Object.hasOwn(KINDS, provider) ? KINDS[provider] : undefined;
  const report = files.read(`${entry}/outblob`);
  if (report.outcome !== 'found') return lookedFor(report.outcome === 'denied' ? 'denied' : 'failed', `outblob: ${report.why}`, entry);
  if (kind === undefined) return lookedFor('unusable', `evidence of the provider ${JSON.stringify(provider)} cannot be verified here`, entry);
  return { kind, interface: 'configfs-tsm', evidence: report.value, inputs: inputsOf(files, entry, kind) };
}

/** Asks once more when the kernel has counted another question between ours and its answer. */
function ask(files: HostFiles, entry: string, reportData: Buffer): CollectedEvidence | LookedFor {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const written = files.write(`${entry}/inblob`, reportData);
    if (written.outcome !== 'found') return lookedFor(written.outcome === 'denied' ? 'denied' : 'failed', `inblob: ${written.why}`);
    const before = textOf(files, `${entry}/generation`);
    const found = readEntry(files, entry);
    if (textOf(files, `${entry}/generation`) === before) return found;
  }
  return lookedFor('failed', `its generation changed ${String(TRIES)} times while it was read`);
}

function gathered(found: CollectedEvidence | LookedFor): Gathered {
  return 'kind' in found ? { looked: [lookedFor('found', found.kind)], evidence: [found] } : { looked: [found], evidence: [] };
}

function askLive(files: HostFiles, reportData: Buffer): Gathered {
  const entry = `${FOLDER}/elulmc-${randomBytes(8).toString('hex')}`;
  const made = files.makeFolder(entry);
  if (made.outcome !== 'found') return gathered(lookedFor(made.outcome === 'denied' ? 'denied' : 'failed', `an entry cannot be made: ${made.why}`));
  try {
    return gathered(ask(files, entry, reportData));
  } finally {
    files.removeFolder(entry);
  }
}

/** The kernel's common interface of confidential guests: SEV-SNP and TDX. */
export function collectTsmReport({ files, live }: EvidenceSource, { reportData }: AskedFor): Gathered {
  const there = files.list(FOLDER);
  if (there.outcome !== 'found') return gathered(lookedFor(there.outcome, there.outcome === 'absent' ? null : there.why));
  if (live) return askLive(files, reportData);
  const entries = there.value.map((name) => gathered(readEntry(files, `${FOLDER}/${name}`)));
  if (entries.length === 0) return gathered(lookedFor('absent', 'the recorded folder has no entry'));
  return { looked: entries.flatMap(({ looked }) => looked), evidence: entries.flatMap(({ evidence }) => evidence) };
}
