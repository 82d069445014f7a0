import { sliceSource } from '../bytes/byte-source.ts';
import type { Rule } from '../findings/rule.ts';
import type { Surroundings, Unit } from '../scan/reader.ts';
import { ByteWindow } from './byte-window.ts';
import { Judge } from './judge.ts';
import { checkLegacyHead, isLegacyMagic, LEGACY_STREAMS, skipLegacyStorages } from './legacy-torch.ts';
import { PICKLE_LIMITS } from './limits.ts';
import { beginsPickle, startsForeign } from './loadable.ts';
import { NestedConstants } from './nested-constants.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import { StreamFinder } from './find-stream.ts';
import { traceStream, type Trace } from './trace.ts';
import type { StorageClaim } from './values.ts';
import { withoutProblems } from './watcher.ts';

/** Findings of one rule in one unit; the verdict needs one. */
const LISTED = 200;

export interface PickleScan {
  /** Behind the last stream that was read. */
  readonly end: number;
  /** Whether every stream came to its STOP. */
  readonly whole: boolean;
  /** Storages that torch keeps elsewhere, as the pickle states them. */
  readonly storages: readonly StorageClaim[];
}

/** Scans every pickle of a unit from `start` on, what they hide in their values, and what lies behind them. */
export async function scanPickles(unit: Unit, start = 0, surroundings: Surroundings = unit.surroundings ?? {}): Promise<PickleScan> {
  return new PickleScanner(unit, surroundings).all(start);
}

/** Scans the one pickle that begins at `start`: for readers that know what lies behind it. */
export async function scanPickleAt(unit: Unit, start: number, surroundings: Surroundings = unit.surroundings ?? {}): Promise<PickleScan> {
  return new PickleScanner(unit, surroundings).one(start);
}

class PickleScanner {
  readonly #unit: Unit;
  readonly #window: ByteWindow;
  readonly #nested: NestedConstants;
  readonly #finder: StreamFinder;
  readonly #judge: Judge;
  readonly #listed = new Map<string, number>();
  readonly #streams: Trace[] = [];

  constructor(unit: Unit, surroundings: Surroundings) {
    this.#unit = unit;
    this.#window = new ByteWindow(unit.source);
    this.#nested = new NestedConstants(unit.source);
    this.#finder = new StreamFinder(unit.source, this.#window, unit.signal);
    this.#judge = new Judge((rule, at, detail) => this.#found(rule, at, detail), surroundings, this.#nested);
  }

  async one(start: number): Promise<PickleScan> {
    const trace = this.#stream(start);
    return this.#finish(trace.end);
  }

  async all(start: number): Promise<PickleScan> {
    let at = start;
    let junkTold = false;
    while (at < this.#window.size) {
      if (this.#streams.length >= PICKLE_LIMITS.streams) {
        this.#found(PICKLE_RULES.limit, at, `more than ${String(PICKLE_LIMITS.streams)} pickles`);
        this.#unit.notChecked('imports and calls of every pickle', 'too many pickles');
        break;
      }
      const trace = this.#stream(at);
      at = trace.end;
      if (this.#streams.length === LEGACY_STREAMS && isLegacyMagic(this.#streams[0]?.result)) at = this.#legacyStorages(trace);
      const behind = this.#afterPadding(at);
      if (behind >= this.#window.size) break;
      const isClean = trace.stop === null;
      if (isClean && beginsPickle(this.#window, behind)) {
        at = behind;
        continue;
      }
      if (isClean && !junkTold) await this.#junk(behind);
      junkTold = true;
      const next = this.#search(isClean ? behind : Math.max(behind, trace.end));
      if (next === null) break;
      at = next;
    }
    return this.#finish(at);
  }

  #stream(start: number): Trace {
    const { signal } = this.#unit;
    const trace = traceStream(this.#window, start, { watcher: this.#judge, signal });
    this.#streams.push(trace);
    this.#otherReadings(start, trace);
    return trace;
  }

  /** Reads a stream again as the loaders do that drop the rest of a frame, at each crossing by itself and together with others. */
  #otherReadings(start: number, { crossed }: Trace): void {
    for (const at of crossed.slice(0, PICKLE_LIMITS.readings)) this.#found(PICKLE_RULES.frameCrossed, at, 'both readings were followed');
    const watcher = withoutProblems(this.#judge);
    const open = crossed.map((at) => [at]);
    const known = new Set(open.map(String));
    for (let read = 0; read < PICKLE_LIMITS.readings; read += 1) {
      const drops = open.shift();
      if (drops === undefined) return;
      const trace = traceStream(this.#window, start, { watcher, signal: this.#unit.signal, dropAt: new Set(drops) });
      for (const at of trace.crossed) {
        const more = [...new Set([...drops, at])].sort((a, b) => a - b);
        if (known.has(String(more))) continue;
        known.add(String(more));
        open.push(more);
      }
    }
    if (open.length > 0) this.#unit.notChecked('every reading of crossed frames', `only ${String(PICKLE_LIMITS.readings)} of them`);
  }

  #legacyStorages(last: Trace): number {
    const [, version, system] = this.#streams;
    const head = checkLegacyHead(version?.result, system?.result);
    if (head !== null) this.#found(PICKLE_RULES.legacyTorch, 0, head);
    const { end, problem } = skipLegacyStorages(this.#window, last.end, last.result, this.#judge.storages);
    if (problem !== null) this.#found(PICKLE_RULES.legacyTorch, end, problem);
    this.#unit.checked('storages of the old torch format');
    return end;
  }

  #afterPadding(from: number): number {
    let at = from;
    for (; this.#window.byte(at) === 0; at += 1) if (at % 1_048_576 === 0) this.#unit.signal.throwIfAborted();
    return at;
  }

  async #junk(at: number): Promise<void> {
    const size = this.#window.size - at;
    this.#found(PICKLE_RULES.junkBehind, at, `${String(size)} bytes`);
    if (startsForeign(this.#window.at(at, 16))) await this.#unit.inside(sliceSource(this.#unit.source, at, size), `bytes from ${String(at)}`, 'behind', at);
  }

  /** Where a later pickle begins. */
  #search(from: number): number | null {
    const to = Math.min(this.#window.size, from + PICKLE_LIMITS.searched);
    if (to < this.#window.size) this.#unit.notChecked('pickles behind the last one', `only the next ${String(PICKLE_LIMITS.searched)} bytes`);
    const found = this.#finder.next(from, to);
    if (found !== 'gave-up') return found;
    this.#found(PICKLE_RULES.limit, from, 'too many places behind it look like the beginning of a pickle');
    this.#unit.notChecked('pickles behind the last one', 'too many places look like one');
    return null;
  }

  async #finish(end: number): Promise<PickleScan> {
    const gaveUp = this.#streams.some(({ stop }) => stop?.rule === PICKLE_RULES.limit);
    if (gaveUp) this.#unit.notChecked('imports and calls of every pickle', 'a limit was passed');
    else this.#unit.checked('imports and calls of every pickle');
    await this.#nested.examine(this.#unit);
    return { end, whole: this.#streams.every(({ stop }) => stop === null), storages: this.#judge.storages };
  }

  #found(rule: Rule, at: number, detail: string): void {
    const listed = this.#listed.get(rule.id) ?? 0;
    this.#listed.set(rule.id, listed + 1);
    if (listed < LISTED) this.#unit.found(rule, at, detail);
    else if (listed === LISTED) this.#unit.found(rule, null, 'further places are not listed');
  }
}
