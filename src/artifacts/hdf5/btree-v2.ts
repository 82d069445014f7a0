import { Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';
import { bytesFor } from './fractal-heap.ts';

const MAX_RECORDS = 200_000;
const MAX_DEPTH = 32;
/** Signature, version, type and checksum of a node. */
const NODE_OVERHEAD = 10;

interface Level {
  readonly maxRecords: number;
  readonly pointerSize: number;
  readonly countBytes: number;
  readonly totalBytes: number;
}

interface Node {
  readonly address: number;
  readonly records: number;
  readonly depth: number;
}

/** The records of a version 2 B-tree (III.A.2), in no order that matters. Throws Hdf5Fault. */
export function* btreeRecords(file: Hdf5Bytes, address: number): Generator<Buffer> {
  const { offsetSize, lengthSize } = file;
  const head = file.reader(address, 16 + offsetSize + 2 + lengthSize, 'B-tree');
  head.signature('BTHD');
  head.skip(2);
  const [nodeSize, recordSize, depth] = [head.number(4), head.number(2), head.number(2)];
  head.skip(2);
  const root = head.addressOrNull();
  const rootRecords = head.number(2);
  if (recordSize === 0 || depth > MAX_DEPTH || nodeSize < NODE_OVERHEAD + recordSize) head.fail('its sizes make no sense');
  const levels = levelsOf(file, nodeSize, recordSize, depth);
  const open: Node[] = root === null ? [] : [{ address: root, records: rootRecords, depth }];
  let count = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    count += Math.max(1, node.records);
    if (count > MAX_RECORDS) throw new Hdf5Fault(file.base + address, `a B-tree of more than ${String(MAX_RECORDS)} records`, true);
    const level = levels[node.depth];
    if (level === undefined || node.records > level.maxRecords) return head.fail('a node has too many records');
    const pointers = node.depth === 0 ? 0 : (node.records + 1) * level.pointerSize;
    const fields = file.reader(node.address, 6 + node.records * recordSize + pointers, 'node of a B-tree');
    fields.signature(node.depth === 0 ? 'BTLF' : 'BTIN');
    fields.skip(2);
    for (let index = 0; index < node.records; index++) yield fields.bytes(recordSize);
    for (let index = 0; node.depth > 0 && index <= node.records; index++) {
      open.push({ address: fields.addressOf('a node'), records: fields.number(level.countBytes), depth: node.depth - 1 });
      fields.skip(level.totalBytes);
    }
  }
}

/** How many records and how wide pointers the nodes of each depth have; the format stores neither (III.A.2, "Internal Node"). */
function levelsOf(file: Hdf5Bytes, nodeSize: number, recordSize: number, depth: number): Level[] {
  const leaf = Math.floor((nodeSize - NODE_OVERHEAD) / recordSize);
  const levels: Level[] = [{ maxRecords: leaf, pointerSize: 0, countBytes: 0, totalBytes: 0 }];
  const countBytes = bytesFor(leaf);
  let total = leaf;
  for (let level = 1; level <= depth; level++) {
    const totalBytes = level > 1 ? bytesFor(total) : 0;
    const pointerSize = file.offsetSize + countBytes + totalBytes;
    const maxRecords = Math.floor((nodeSize - NODE_OVERHEAD - pointerSize) / (recordSize + pointerSize));
    levels.push({ maxRecords, pointerSize, countBytes, totalBytes });
    total = (maxRecords + 1) * total + maxRecords;
  }
  return levels;
}
