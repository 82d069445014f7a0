import { Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';

/** A name in a group and where it leads. */
export interface TableEntry {
  readonly name: string;
  /** Address of an object header, null for a soft link. */
  readonly object: number | null;
}

const MAX_NODES = 200_000;
const MAX_NAME = 64 * 1024;

/** Names in the local heap of a group or of a list of external files (III.D). */
export class LocalHeap {
  readonly #file: Hdf5Bytes;
  readonly #data: number;
  readonly #size: number;

  constructor(file: Hdf5Bytes, address: number) {
    const fields = file.reader(address, 8 + 2 * file.lengthSize + file.offsetSize, 'local heap');
    fields.signature('HEAP');
    fields.skip(4);
    this.#file = file;
    this.#size = fields.length();
    fields.length();
    this.#data = fields.addressOf('its data');
  }

  name(offset: number): string {
    if (offset >= this.#size) throw new Hdf5Fault(this.#file.base + this.#data, `a name at ${String(offset)} of a local heap of ${String(this.#size)} bytes`);
    const bytes = this.#file.source.read(this.#data + offset, Math.min(this.#size - offset, MAX_NAME));
    const end = bytes.indexOf(0);
    return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  }
}

/** The entries of a group of the old kind: its B-tree (III.A.1) and the nodes of symbols below it (III.B). Throws Hdf5Fault. */
export function* symbolTable(file: Hdf5Bytes, treeAddress: number, heapAddress: number): Generator<TableEntry> {
  const heap = new LocalHeap(file, heapAddress);
  const open = [treeAddress];
  const seen = new Set<number>();
  for (let address = open.pop(); address !== undefined; address = open.pop()) {
    if (seen.has(address)) throw new Hdf5Fault(file.base + address, 'the tree of a group leads back');
    seen.add(address);
    if (seen.size > MAX_NODES) throw new Hdf5Fault(file.base + address, 'the tree of a group is too large', true);
    if (file.at(address, 4, 'node of a group').toString('latin1') === 'SNOD') yield* symbolNode(file, address, heap);
    else open.push(...children(file, address));
  }
}

function children(file: Hdf5Bytes, address: number): number[] {
  const head = file.reader(address, 8, 'tree of a group');
  head.signature('TREE');
  const type = head.number(1);
  if (type !== 0) head.fail(`it is of kind ${String(type)}`);
  head.skip(1);
  const used = head.number(2);
  const size = used * (file.lengthSize + file.offsetSize);
  const fields = file.reader(address + 8 + 2 * file.offsetSize, size, 'tree of a group');
  return Array.from({ length: used }, () => {
    fields.length();
    return fields.addressOf('a node');
  }).reverse();
}

function* symbolNode(file: Hdf5Bytes, address: number, heap: LocalHeap): Generator<TableEntry> {
  const head = file.reader(address, 8, 'node of a group');
  head.skip(6);
  const count = head.number(2);
  const size = 2 * file.offsetSize + 24;
  const fields = file.reader(address + 8, count * size, 'node of a group');
  for (let index = 0; index < count; index++) {
    const name = heap.name(fields.number(file.offsetSize));
    const object = fields.addressOrNull();
    const cache = fields.number(4);
    fields.skip(20);
    yield { name, object: cache === 2 ? null : object };
  }
}
