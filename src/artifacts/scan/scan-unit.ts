import type { ByteSource } from '../bytes/byte-source.ts';
import type { Rule } from '../findings/rule.ts';
import { runPass, type ByteTaker } from './byte-pass.ts';
import { searchEmbedded } from './embedded.ts';
import { againstExtension } from './extensions.ts';
import { TimeOver } from './limits.ts';
import type { Inside, Reader, Surroundings, Unit, Unpacked } from './reader.ts';
import { SCAN_RULES } from './scan-rules.ts';
import type { ScanState } from './scan-state.ts';
import { sniff, type Content } from './sniff.ts';

const HEAD = 4096;
const MORE_PASSES = 3;
/** Bytes of no format are searched for embedded formats as far as this. */
const SEARCHED = 64 * 1024 * 1024;
/** Contents of no model format. */
const OTHER: ReadonlySet<Content> = new Set<Content>(['text', 'script', 'image', 'media', 'document']);

export type Siblings = (path: string) => ByteSource | undefined;

/** Where a unit is in another one whose bytes it shares. */
interface Within {
  readonly unit: ScanUnit;
  readonly offset: number;
}

/** What the sniffer made of a unit. `readers`: formats that understand it. */
export interface UnitResult {
  readonly content: Content | null;
  readonly readers: readonly string[];
  /** Kind of a file of no model format. */
  readonly other: string | null;
}

let places = 0;

export class ScanUnit implements Unit {
  readonly source: ByteSource;
  readonly name: string;
  readonly path: readonly string[];
  readonly depth: number;
  readonly surroundings: Surroundings | undefined;
  readonly #state: ScanState;
  readonly #siblings: Siblings;
  readonly #within: Within | undefined;
  readonly #takers: ByteTaker[] = [];
  /** Nothing loads it: it lies in a value. */
  readonly #isDormant: boolean;
  /** Names the bytes: the outermost source that holds them, and where. */
  readonly #place: { readonly id: number; readonly offset: number };

  constructor(
    state: ScanState,
    source: ByteSource,
    path: readonly string[],
    depth: number,
    siblings: Siblings,
    within?: Within,
    surroundings?: Surroundings,
    isDormant = false,
  ) {
    this.#state = state;
    this.source = source;
    this.path = path;
    this.name = path.at(-1) ?? '';
    this.depth = depth;
    this.surroundings = surroundings;
    this.#isDormant = isDormant;
    this.#siblings = siblings;
    this.#within = within;
    this.#place = within === undefined ? { id: ++places, offset: 0 } : { id: within.unit.#place.id, offset: within.unit.#place.offset + within.offset };
  }

  get signal(): AbortSignal {
    return this.#state.signal;
  }

  found(rule: Rule, offset: number | null, detail: string): void {
    this.#state.found(this.#isDormant ? asDormant(rule) : rule, this.path, offset, detail);
  }

  checked(check: string): void {
    this.#state.checked(check);
  }

  notChecked(check: string, reason: string): void {
    this.#state.notChecked(check, reason, this.path);
  }

  sibling(path: string): ByteSource | undefined {
    return this.#siblings(path);
  }

  async inside(source: ByteSource, name: string, how: Inside, offset: number | null, surroundings?: Surroundings): Promise<'alarm' | 'nothing'> {
    const state = this.#state;
    state.signal.throwIfAborted();
    const before = state.alarms;
    if (this.depth + 1 > state.limits.depth) {
      this.found(SCAN_RULES.tooDeep, offset, `${name} is ${String(this.depth + 1)} containers deep, the limit is ${String(state.limits.depth)}`);
      this.notChecked('contents', 'nested too deep');
      return 'alarm';
    }
    if (++state.parts > state.limits.parts) {
      if (state.parts === state.limits.parts + 1) this.found(SCAN_RULES.tooMany, offset, `more than ${String(state.limits.parts)} parts`);
      this.notChecked('contents', 'too many parts');
      return 'alarm';
    }
    const within = offset === null ? undefined : { unit: this, offset };
    const unit = new ScanUnit(state, source, [...this.path, name], this.depth + 1, this.#siblings, within, surroundings, this.#isDormant || how === 'constant');
    await unit.scan(how);
    return state.alarms > before ? 'alarm' : 'nothing';
  }

  async unpack(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, packedBytes: number): Promise<Unpacked> {
    const { limits, spool, signal } = this.#state;
    const writer = spool.writer();
    const ratioLimit = Math.max(limits.ratioFreeBytes, packedBytes * limits.ratio);
    let cut: Unpacked['cut'] = null;
    try {
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        const room = Math.min(ratioLimit - writer.size, this.#state.unpackLimit - this.#state.unpackedBytes);
        const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
        writer.write(part);
        this.#state.unpackedBytes += part.length;
        if (part.length === chunk.length) continue;
        cut = writer.size >= ratioLimit ? 'ratio' : 'size';
        break;
      }
    } catch (error) {
      if (error instanceof TimeOver || signal.aborted) throw error;
      cut = 'broken';
    }
    if (cut === 'ratio') this.found(SCAN_RULES.unpackRatio, null, `${String(packedBytes)} bytes unpack to more than ${String(writer.size)}`);
    if (cut === 'size') this.found(SCAN_RULES.unpackSize, null, `the limit of this file is ${String(this.#state.unpackLimit)} bytes`);
    return { source: writer.finish(), cut };
  }

  everyByte(check: string, offset: number, length: number, take: ByteTaker['take'], done: ByteTaker['done']): void {
    if (this.#state.headersOnly) {
      this.notChecked(check, 'headers only');
      return;
    }
    const end = Math.min(offset + length, this.source.size);
    const { unit, offset: at } = this.#within ?? { unit: undefined, offset: 0 };
    if (unit === undefined) this.#takers.push({ check, offset, end, take, done });
    else unit.everyByte(check, at + offset, Math.max(0, end - offset), (chunk, where) => take(chunk, where - at), done);
  }

  /** Sniffs the bytes and lets everybody read them who recognizes them. */
  async scan(how: Inside | 'file'): Promise<UnitResult> {
    const head = this.source.read(0, HEAD);
    const readers = this.#state.readers.filter((reader) => this.#claims(reader, head));
    for (const reader of readers) await this.#readWith(reader);
    const models = readers.filter(({ anyFile }) => anyFile !== true).map(({ format }) => format);
    const content = sniff(head, this.source);
    const other = models.length === 0 ? otherKind(content, this.source.size) : null;
    if (how === 'file' || how === 'member') this.#compareName(content, models.length > 0);
    if (models.length === 0) await this.#readNothing(content, how, readers.length > 0);
    if (how !== 'file' && this.#within === undefined) await this.everyByteRead();
    return { content, readers: models, other };
  }

  /** Reads the source from start to end for those who asked for it; `also` sees every chunk. Returns whether it got to the end. */
  async everyByteRead(also?: (chunk: Buffer) => void): Promise<boolean> {
    const whole = this.#takers.length > 0 || also !== undefined ? await this.#pass(this.#takers.splice(0), also) : true;
    // What was found in the first pass may have asked for bytes of its own.
    for (let round = 0; round < MORE_PASSES && this.#takers.length > 0; round++) await this.#pass(this.#takers.splice(0));
    for (const { check } of this.#takers) this.notChecked(check, 'asked for too late');
    return whole;
  }

  async #pass(takers: readonly ByteTaker[], also?: (chunk: Buffer) => void): Promise<boolean> {
    const end = runPass(this.source, takers, this.signal, also);
    for (const taker of takers) {
      await taker.done();
      this.checked(taker.check);
    }
    return end === this.source.size;
  }

  #claims(reader: Reader, head: Buffer): boolean {
    try {
      if (!reader.recognizes(head, this)) return false;
    } catch (error) {
      this.#failed(reader, error);
      return false;
    }
    return this.#state.firstRead(`${String(this.#place.id)}:${String(this.#place.offset)}`, reader.format, this.source.size);
  }

  async #readWith(reader: Reader): Promise<void> {
    this.#state.formats.add(reader.format);
    try {
      await reader.read(this);
    } catch (error) {
      this.#failed(reader, error);
    }
  }

  #failed(reader: Reader, error: unknown): void {
    if (error instanceof TimeOver || this.signal.aborted) throw error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.found(SCAN_RULES.readerFailed, null, `${reader.format}: ${text}`);
    this.notChecked(reader.format, 'the reader failed');
  }

  #compareName(content: Content | null, read: boolean): void {
    const against = againstExtension(this.name, content);
    if (against === 'other') this.found(SCAN_RULES.otherContent, null, `${this.name} holds ${String(content)}`);
    if (against === 'not' && !read) this.found(SCAN_RULES.notItsFormat, null, `${this.name} holds ${content ?? 'unknown bytes'}`);
  }

  async #readNothing(content: Content | null, how: Inside | 'file', looked: boolean): Promise<void> {
    const { source } = this;
    if (content !== null && OTHER.has(content)) {
      if (!looked) this.checked('kind of files of no model format');
    } else if (source.size > 0 && !looked) {
      this.notChecked('contents', 'no reader knows this format');
    }
    const searched = content !== 'text' && how !== 'gap' && how !== 'behind';
    if (!searched || source.size === 0) return;
    await searchEmbedded(this, 1, Math.min(source.size, SEARCHED), 'gap');
    if (source.size > SEARCHED) this.notChecked('embedded formats', `only in the first ${String(SEARCHED)} bytes`);
  }
}

/** What it would do is done by nobody, as long as nobody loads the value. */
function asDormant(rule: Rule): Rule {
  return rule.alarm === 'suspicious' ? rule : { ...rule, alarm: 'suspicious', severity: rule.severity === 'critical' ? 'high' : rule.severity };
}

function otherKind(content: Content | null, size: number): string | null {
  if (size === 0) return 'empty';
  return content !== null && OTHER.has(content) ? content : null;
}
