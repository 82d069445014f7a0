import { readAttribute, type Hdf5Attribute } from './attribute.ts';
import { btreeRecords } from './btree-v2.ts';
import { externalFiles, isByteType, readLayout, type Hdf5Layout } from './dataset.ts';
import { FractalHeap } from './fractal-heap.ts';
import { FieldReader, Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';
import { readLink, type Hdf5Link } from './link-message.ts';
import { readObjectHeader, type HeaderMessage } from './object-header.ts';
import { symbolTable } from './symbol-table.ts';

/** What a walk through the objects of a file comes past. `path` is the first one that leads to the object. */
export interface Hdf5Visitor {
  attribute(path: string, attribute: Hdf5Attribute, address: number): void;
  link(path: string, link: Hdf5Link, address: number): void;
  externalStorage(path: string, files: readonly string[], address: number): void;
  /** `bytes`: its elements are bytes or texts. */
  data(path: string, layout: Hdf5Layout, bytes: boolean, address: number): void;
  fault(path: string, fault: Hdf5Fault): void;
}

const MAX_OBJECTS = 200_000;
const MAX_PATH = 1000;
const MESSAGE = { linkInfo: 2, datatype: 3, link: 6, externalFiles: 7, layout: 8, attribute: 12, symbolTable: 17, attributeInfo: 21 };

interface Place {
  readonly address: number;
  readonly path: string;
}

/**
 * Walks every object that can be reached from the root group by hard links, each once. Structures that cannot be read are handed over as
 * faults, and the walk goes on with the others. Throws only when `signal` aborts.
 */
export function walkHdf5(file: Hdf5Bytes, root: number, visitor: Hdf5Visitor, signal: AbortSignal): void {
  const open: Place[] = [{ address: root, path: '/' }];
  const seen = new Set<number>([root]);
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    signal.throwIfAborted();
    for (const { address, path } of new ObjectWalk(file, visitor, place).children()) {
      if (seen.has(address)) continue;
      if (seen.size >= MAX_OBJECTS) {
        visitor.fault(path, new Hdf5Fault(file.base + address, `more than ${String(MAX_OBJECTS)} objects`, true));
        return;
      }
      seen.add(address);
      open.push({ address, path });
    }
  }
}

class ObjectWalk {
  readonly #file: Hdf5Bytes;
  readonly #visitor: Hdf5Visitor;
  readonly #place: Place;
  readonly #children: Place[] = [];
  #isBytes = false;

  constructor(file: Hdf5Bytes, visitor: Hdf5Visitor, place: Place) {
    this.#file = file;
    this.#visitor = visitor;
    this.#place = place;
  }

  /** Visits what the object says about itself, and returns where its hard links lead. */
  children(): readonly Place[] {
    this.#guarded(() => {
      const messages = readObjectHeader(this.#file, this.#place.address);
      this.#isBytes = messages.some((message) => message.type === MESSAGE.datatype && !message.shared && isByteType(message));
      for (const message of messages) this.#guarded(() => this.#message(message));
    });
    return this.#children;
  }

  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof Hdf5Fault)) throw error;
      this.#visitor.fault(this.#place.path, error);
    }
  }

  #message(message: HeaderMessage): void {
    const { type, shared, data, address } = message;
    const { path } = this.#place;
    if (shared) {
      const isLost = type === MESSAGE.link || type === MESSAGE.externalFiles || type === MESSAGE.attribute;
      if (isLost) throw new Hdf5Fault(this.#file.base + address, `a message of kind ${String(type)} is shared`, true);
      return;
    }
    if (type === MESSAGE.attribute) this.#visitor.attribute(path, readAttribute(this.#file, data, address), address);
    if (type === MESSAGE.link) this.#link(readLink(this.#file, data, address), address);
    if (type === MESSAGE.externalFiles) this.#externalFiles(message);
    if (type === MESSAGE.layout) this.#visitor.data(path, readLayout(this.#file, message), this.#isBytes, address);
    if (type === MESSAGE.symbolTable) this.#symbolTable(message);
    if (type === MESSAGE.linkInfo) this.#dense(message, 8, (one, at) => this.#link(readLink(this.#file, one, at), at));
    if (type === MESSAGE.attributeInfo) this.#dense(message, 2, (one, at) => this.#visitor.attribute(path, readAttribute(this.#file, one, at), at));
  }

  /** That there are such files is the finding, whether or not their names can be read. */
  #externalFiles(message: HeaderMessage): void {
    let names: string[] = [];
    this.#guarded(() => (names = externalFiles(this.#file, message)));
    this.#visitor.externalStorage(this.#place.path, names, message.address);
  }

  #link(link: Hdf5Link, address: number): void {
    this.#visitor.link(this.#place.path, link, address);
    if (link.kind === 'hard' && link.object !== null) this.#child(link.name, link.object);
  }

  #child(name: string, address: number): void {
    const path = `${this.#place.path === '/' ? '' : this.#place.path}/${name}`;
    this.#children.push({ address, path: path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}...` : path });
    if (this.#children.length > MAX_OBJECTS) throw new Hdf5Fault(this.#file.base + address, `more than ${String(MAX_OBJECTS)} links in a group`, true);
  }

  #symbolTable({ data, address }: HeaderMessage): void {
    const fields = new FieldReader(this.#file, data, address, 'symbol table');
    const [tree, heap] = [fields.addressOf('its tree'), fields.addressOf('its heap')];
    for (const { name, object } of symbolTable(this.#file, tree, heap)) if (object !== null) this.#child(name, object);
  }

  /** Link info and attribute info (IV.A.2.c, IV.A.2.v): a heap with the messages, and a tree that says where in it they are. */
  #dense({ data, address }: HeaderMessage, orderBytes: number, take: (message: Buffer, address: number) => void): void {
    const fields = new FieldReader(this.#file, data, address, 'list of links or attributes');
    fields.skip(1);
    if ((fields.number(1) & 1) !== 0) fields.skip(orderBytes);
    const heapAddress = fields.addressOrNull();
    const treeAddress = fields.addressOrNull();
    if (heapAddress === null) return;
    if (treeAddress === null) return fields.fail('its heap has no tree');
    const heap = new FractalHeap(this.#file, heapAddress);
    for (const record of btreeRecords(this.#file, treeAddress)) {
      // By name, links have a hash of four bytes in front of the id; attributes have their id first.
      const id = orderBytes === 8 ? record.subarray(4) : record;
      this.#guarded(() => {
        const object = heap.object(id.subarray(0, heap.idLength));
        take(object.data, object.address);
      });
    }
  }
}
