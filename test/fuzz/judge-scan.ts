import { bytesSource } from '../../src/artifacts/bytes/byte-source.ts';
import type { FileReport } from '../../src/artifacts/findings/report.ts';
import { scanSource } from '../../src/artifacts/scan/scan-file.ts';
import { SCAN_RULES } from '../../src/artifacts/scan/scan-rules.ts';
import { SEED_FILES } from './seeds.ts';
import type { SeedFile } from './seed-file.ts';

/** Time of the processor for one input. The machine may be busy with other things. */
const LIMIT_CPU_MS = 5000;
/** Memory of the process that scans, the most that it ever had. A scan alone may take 300 MB. */
const LIMIT_RSS_MB = 600;
/** The clock of the scan itself, which a busy machine makes run faster than the processor's: much later than the limit. */
const SCAN_LIMIT_MS = 24 * LIMIT_CPU_MS;

const siblings = new Map(SEED_FILES.map(({ name, bytes }) => [name, bytesSource(bytes)]));

/** Scans an input. Null, or why that is a failure. */
export async function judgeScan({ name, bytes }: SeedFile): Promise<string | null> {
  const before = process.cpuUsage();
  let report: FileReport;
  try {
    report = await scanSource(bytesSource(bytes), name, { limits: { fileMs: SCAN_LIMIT_MS } }, (path) => siblings.get(path));
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  const broken = report.findings.find(({ rule }) => rule.id === SCAN_RULES.readerFailed.id);
  if (broken !== undefined) return `a reader broke: ${broken.detail}`;
  if (cpuMs > LIMIT_CPU_MS) return `took ${String(Math.round(cpuMs))} ms`;
  if (report.findings.some(({ rule }) => rule.id === SCAN_RULES.tooLong.id)) return 'reached the time limit of the scan';
  const rssMb = process.resourceUsage().maxRSS / 1024;
  if (rssMb > LIMIT_RSS_MB) return `the process has grown to ${String(Math.round(rssMb))} MB`;
  return contradiction(report);
}

/** A report that says one thing and another. */
function contradiction({ verdict, findings, formats, other, coverage, sha256 }: FileReport): string | null {
  if (verdict === 'clean' && findings.length > 0) return `clean with the finding ${findings[0]?.rule.id ?? ''}`;
  if (verdict !== 'clean' && verdict !== 'unsupported' && findings.length === 0) return `${verdict} without a finding`;
  if (verdict === 'clean' && formats.length === 0 && other === null) return 'clean, and nobody has read it';
  if (verdict === 'clean' && coverage.checked.length === 0) return 'clean without a check';
  if (sha256 === null) return 'not read to the end';
  return null;
}
