import { bytesSource, type ByteSource } from '../../src/artifacts/bytes/byte-source.ts';
import type { Alarm, Verdict } from '../../src/artifacts/findings/verdict.ts';
import { worseVerdict } from '../../src/artifacts/findings/verdict.ts';
import type { Rule } from '../../src/artifacts/findings/rule.ts';
import { NPY_READER } from '../../src/artifacts/numpy/npy-reader.ts';
import { PICKLE_READER } from '../../src/artifacts/pickle/pickle-reader.ts';
import type { Reader, Unit } from '../../src/artifacts/scan/reader.ts';

export interface Found {
  readonly id: string;
  readonly alarm: Alarm;
  readonly offset: number | null;
  readonly detail: string;
  readonly path: readonly string[];
}

/** A scan in memory by the readers of pickles and arrays, whose findings a test can look at. */
export class MemoryScan {
  readonly findings: Found[] = [];
  readonly checked: string[] = [];
  readonly notChecked: string[] = [];
  readonly formats: string[] = [];
  readonly #readers: readonly Reader[] = [PICKLE_READER, NPY_READER];

  get verdict(): Verdict {
    return this.findings.reduce<Verdict>((worst, { alarm }) => worseVerdict(worst, alarm), 'clean');
  }

  get ids(): readonly string[] {
    return [...new Set(this.findings.map(({ id }) => id))];
  }

  unit(source: ByteSource, path: readonly string[]): Unit {
    return {
      source,
      path,
      name: path.at(-1) ?? '',
      depth: path.length - 1,
      found: (rule: Rule, offset: number | null, detail: string) => void this.findings.push({ id: rule.id, alarm: rule.alarm, offset, detail, path }),
      checked: (check) => void this.checked.push(check),
      notChecked: (check) => void this.notChecked.push(check),
      sibling: () => undefined,
      inside: async (inner, name) => {
        const before = this.findings.length;
        if (path.length <= 5) await this.read(inner, [...path, name]);
        return this.findings.length > before ? 'alarm' : 'nothing';
      },
      unpack: () => Promise.reject(new Error('nothing is unpacked here')),
      everyByte: () => undefined,
      signal: new AbortController().signal,
    };
  }

  async read(source: ByteSource, path: readonly string[]): Promise<void> {
    const unit = this.unit(source, path);
    for (const reader of this.#readers) {
      if (!reader.recognizes(source.read(0, 4096), unit)) continue;
      this.formats.push(reader.format);
      await reader.read(unit);
    }
  }
}

export async function scanBytes(bytes: Buffer, name = 'model.pkl'): Promise<MemoryScan> {
  const scan = new MemoryScan();
  await scan.read(bytesSource(bytes), [name]);
  return scan;
}
