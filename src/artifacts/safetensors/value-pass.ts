import { floatType, NonFiniteSearch } from './non-finite.ts';
import type { FloatType } from './non-finite.ts';
import { clip } from './header-visitor.ts';
import type { Rule } from '../findings/rule.ts';
import type { Unit } from '../scan/reader.ts';

/** Bytes of a file that are numbers of one type. */
export interface ValueRegion {
  readonly name: string;
  readonly dtype: string;
  /** In the file, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** A tensor that holds NaN or infinity. */
export interface NotFinite {
  readonly name: string;
  /** Of the first such element, in the file. */
  readonly offset: number;
}

interface Open {
  readonly region: ValueRegion;
  readonly search: NonFiniteSearch;
}

const MAX_FOUND = 100;

/**
 * Looks for NaN and infinity while a file goes by once from its first byte to its last, so that hashing and looking read it once only.
 * Regions that overlap are searched by whichever comes first; overlaps are a finding of their own.
 */
export class ValuePass {
  readonly found: NotFinite[] = [];
  private readonly regions: readonly (ValueRegion & { readonly type: FloatType })[];
  private next = 0;
  private open: Open | undefined;
  private position: number;

  /** `start` is the offset of the first piece in the file. */
  constructor(regions: readonly ValueRegion[], start = 0) {
    this.position = start;
    this.regions = regions
      .flatMap((region) => {
        const type = floatType(region.dtype);
        return type === undefined || region.length === 0 ? [] : [{ ...region, type }];
      })
      .sort((a, b) => a.offset - b.offset);
  }

  /** The next piece of the file; pieces come without gap. */
  update(chunk: Buffer): void {
    const start = this.position;
    const end = start + chunk.length;
    this.position = end;
    let at = start;
    while (at < end && this.found.length < MAX_FOUND) {
      this.advance(at);
      if (this.open === undefined) {
        const following = this.regions[this.next];
        if (following === undefined || following.offset >= end) return;
        at = Math.max(at, following.offset);
        this.begin(at);
        continue;
      }
      const { region, search } = this.open;
      const stop = Math.min(end, region.offset + region.length);
      search.update(chunk.subarray(at - start, stop - start));
      at = stop;
      if (search.first !== undefined) this.found.push({ name: region.name, offset: region.offset + search.first });
      if (search.first !== undefined || stop === region.offset + region.length) this.open = undefined;
    }
  }

  /** Forgets regions that begin before what is still to come. */
  private advance(at: number): void {
    while (this.open === undefined && (this.regions[this.next]?.offset ?? Infinity) < at) this.next++;
  }

  private begin(at: number): void {
    const region = this.regions[this.next];
    if (region?.offset !== at) return;
    this.next++;
    this.open = { region, search: new NonFiniteSearch(region.type) };
  }
}

/** Has the numbers of a unit searched in the pass that reads all of its bytes. */
export function searchValues(unit: Unit, regions: readonly ValueRegion[], rule: Rule): void {
  const start = Math.min(unit.source.size, lowest(regions));
  const pass = new ValuePass(regions, start);
  unit.everyByte(
    'NaN and infinity in tensors',
    start,
    unit.source.size - start,
    (chunk) => pass.update(chunk),
    () => {
      for (const { name, offset } of pass.found) unit.found(rule, offset, `tensor "${clip(name)}" holds NaN or infinity`);
    },
  );
}

function lowest(regions: readonly ValueRegion[]): number {
  return regions.reduce((least, { offset }) => Math.min(least, offset), Infinity);
}
