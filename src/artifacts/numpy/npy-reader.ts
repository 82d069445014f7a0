import { sliceSource } from '../bytes/byte-source.ts';
import { scanPickleAt } from '../pickle/scan-pickle.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { NPY_MAGIC, readNpyHeader } from './npy-header.ts';
import { NUMPY_RULES } from './numpy-rules.ts';

/** Arrays in one file. */
const MAX_ARRAYS = 100_000;

/** Array files of numpy, several arrays in a row included. A pickle under their name is for the reader of pickles. */
export const NPY_READER: Reader = {
  format: 'npy',
  recognizes: (head) => head.subarray(0, NPY_MAGIC.length).equals(NPY_MAGIC),
  async read(unit: Unit): Promise<void> {
    const { source } = unit;
    let at = 0;
    for (let count = 0; count < MAX_ARRAYS && source.read(at, NPY_MAGIC.length).equals(NPY_MAGIC); count += 1) {
      unit.signal.throwIfAborted();
      const end = await readArray(unit, at);
      if (end === null) break;
      at = end;
    }
    unit.checked('headers and sizes of numpy arrays');
    if (at > 0 && at < source.size) await lookBehind(unit, at);
  },
};

/** Where the array ends, or null when nobody can say. */
async function readArray(unit: Unit, start: number): Promise<number | null> {
  const header = readNpyHeader(unit.source, start);
  if ('rule' in header) {
    unit.found(header.rule, header.at, header.detail);
    // A reader that gets further than this one finds the data somewhere behind the magic.
    await unit.inside(sliceSource(unit.source, start + NPY_MAGIC.length, unit.source.size), 'bytes behind the magic', 'gap', start + NPY_MAGIC.length);
    return null;
  }
  const { dtype, elements, data } = header;
  if (dtype.hasObjects) return (await scanPickleAt(unit, data)).end;
  const end = BigInt(data) + dtype.bytes * elements;
  if (end <= BigInt(unit.source.size)) return Number(end);
  unit.found(NUMPY_RULES.short, data, `${String(dtype.bytes * elements)} bytes are stated, ${String(unit.source.size - data)} are there`);
  return null;
}

async function lookBehind(unit: Unit, at: number): Promise<void> {
  const size = unit.source.size - at;
  unit.found(NUMPY_RULES.behind, at, `${String(size)} bytes`);
  await unit.inside(sliceSource(unit.source, at, size), `bytes from ${String(at)}`, 'behind', at);
}
