import { bytesSource, sliceSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../bytes/chunks-of.ts';
import { judgeKerasConfig, scanEncoded, type EncodedText } from '../keras/judge-config.ts';
import { KERAS_RULES } from '../keras/keras-rules.ts';
import { EMBEDDED_HEAD, embeddedKind } from '../safetensors/embedded-kind.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import type { Hdf5Attribute } from './attribute.ts';
import type { Hdf5Layout } from './dataset.ts';
import { Hdf5Fault } from './hdf5-bytes.ts';
import { HDF5_RULES } from './hdf5-rules.ts';
import { walkHdf5, type Hdf5Visitor } from './hdf5-walk.ts';
import type { Hdf5Link } from './link-message.ts';
import { findSignature, readSuperblock, type Superblock } from './superblock.ts';

const EXTENSION = /\.(?:h5|hdf5|he5|keras)$/i;
/** Attributes of Keras that hold JSON: the layers, and how they were trained. */
const CONFIGS = new Set(['model_config', 'training_config']);
const MAX_TEXTS = 20_000;
const MAX_EMBEDDED = 64;
const HEAD = 4096;

/** Reads HDF5 by its superblock and object headers: links and data that lie in other files, and the layers that Keras keeps in attributes. */
export const HDF5_READER: Reader = {
  format: 'hdf5',
  // Behind a block of the user only where the name says so: those blocks are of any size.
  recognizes: (_head, { source, name }) => findSignature(source, EXTENSION.test(name) ? undefined : HEAD) !== null,
  read: readHdf5,
};

async function readHdf5(unit: Unit): Promise<void> {
  const at = findSignature(unit.source) ?? 0;
  if (isEmpty(unit, at)) {
    unit.notChecked('HDF5 objects', 'the file is a signature and zeros: there is nothing in it');
    return;
  }
  let superblock: Superblock;
  try {
    superblock = readSuperblock(unit.source, at);
  } catch (error) {
    if (!(error instanceof Hdf5Fault)) throw error;
    unit.found(HDF5_RULES.unreadable, error.offset, error.message);
    return;
  }
  if (superblock.end > unit.source.size)
    unit.found(HDF5_RULES.unreadable, at, `the file should have ${String(superblock.end)} bytes, it has ${String(unit.source.size)}`);
  const judge = new Hdf5Judge(unit, superblock);
  walkHdf5(superblock.file, superblock.root, judge, unit.signal);
  if (superblock.extension !== null) walkHdf5(superblock.file, superblock.extension, judge, unit.signal);
  unit.checked('HDF5 objects: external links, external storage, virtual data sets, attributes, starts of data sets');
  await judge.scanInside();
  await judgeTrailing(unit, superblock.end);
}

/** Nothing but zeros behind the signature: no library opens it, and no other finds anything in it. */
function isEmpty(unit: Unit, at: number): boolean {
  const rest = sliceSource(unit.source, at + 8, unit.source.size - at - 8);
  for (const chunk of chunksOf(rest)) {
    unit.signal.throwIfAborted();
    if (chunk.some((byte) => byte !== 0)) return false;
  }
  return rest.size >= 40;
}

async function judgeTrailing(unit: Unit, end: number): Promise<void> {
  if (end < 1 || end >= unit.source.size) return;
  const rest = sliceSource(unit.source, end, unit.source.size - end);
  for (const chunk of chunksOf(rest)) {
    unit.signal.throwIfAborted();
    if (chunk.every((byte) => byte === 0)) continue;
    unit.found(HDF5_RULES.trailing, end, `${String(rest.size)} bytes`);
    await unit.inside(rest, 'behind-the-data', 'behind', end);
    return;
  }
}

class Hdf5Judge implements Hdf5Visitor {
  readonly #unit: Unit;
  readonly #superblock: Superblock;
  readonly #encoded: EncodedText[] = [];
  readonly #embedded: { readonly name: string; readonly source: ByteSource; readonly offset: number | null }[] = [];
  #textsLeft = MAX_TEXTS;

  constructor(unit: Unit, superblock: Superblock) {
    this.#unit = unit;
    this.#superblock = superblock;
  }

  attribute(path: string, { name, texts }: Hdf5Attribute, address: number): void {
    const offset = this.#offset(address);
    for (const text of texts) {
      if (CONFIGS.has(name)) this.#config(text, `${path}@${name}`, offset);
      else if (text.length >= 8 && this.#textsLeft-- > 0) {
        for (const { detail } of suspiciousText(text.toString('utf8'))) this.#unit.found(HDF5_RULES.text, offset, `${path}@${name}: ${detail}`);
        if (text[0] === 0x7b && text.includes('class_name')) this.#config(text, `${path}@${name}`, offset);
      }
    }
    if (this.#textsLeft < 0) this.#unit.notChecked('texts of attributes', `more than ${String(MAX_TEXTS)}`);
  }

  link(path: string, link: Hdf5Link, address: number): void {
    if (link.kind === 'external') this.#unit.found(HDF5_RULES.externalLink, this.#offset(address), `${path}: ${link.name} is ${link.object} of ${link.file}`);
    if (link.kind === 'user') this.#unit.found(HDF5_RULES.userLink, this.#offset(address), `${path}: ${link.name} is of kind ${String(link.type)}`);
  }

  externalStorage(path: string, files: readonly string[], address: number): void {
    this.#unit.found(
      HDF5_RULES.externalStorage,
      this.#offset(address),
      `${path}: ${files.length > 0 ? files.slice(0, 8).join(', ') : 'files whose names cannot be read'}`,
    );
  }

  data(path: string, layout: Hdf5Layout, bytes: boolean, address: number): void {
    if (layout.kind === 'virtual') this.#unit.found(HDF5_RULES.virtualDataset, this.#offset(address), `${path}: ${layout.file}`);
    if (layout.kind !== 'range' && layout.kind !== 'inline') return;
    const { file } = this.#superblock;
    const source = layout.kind === 'inline' ? bytesSource(layout.data) : sliceSource(file.source, layout.address, layout.size);
    if (layout.kind === 'range' && source.size < layout.size)
      this.fault(path, new Hdf5Fault(this.#offset(address), `its ${String(layout.size)} bytes at ${String(layout.address)} are not in the file`));
    const kind = embeddedKind(source.read(0, EMBEDDED_HEAD), { pickle: bytes });
    if (kind === undefined) return;
    this.#unit.found(HDF5_RULES.embedded, this.#offset(address), `${path} begins like ${kind}`);
    if (this.#embedded.length < MAX_EMBEDDED)
      this.#embedded.push({ name: path, source, offset: layout.kind === 'range' ? this.#offset(layout.address) : null });
  }

  fault(path: string, { message, offset, unsupported }: Hdf5Fault): void {
    if (unsupported) this.#unit.notChecked('HDF5 structures', message);
    this.#unit.found(unsupported ? HDF5_RULES.limit : HDF5_RULES.unreadable, offset, `${path}: ${message}`);
  }

  /** Scans what began like something to load. */
  async scanInside(): Promise<void> {
    for (const { name, source, offset } of this.#embedded) await this.#unit.inside(source, name, 'constant', offset);
    await scanEncoded(this.#unit, this.#encoded);
  }

  #config(text: Buffer, where: string, offset: number): void {
    const { fault, encoded } = judgeKerasConfig(this.#unit, text, null);
    if (fault !== undefined) this.#unit.found(KERAS_RULES.unreadable, offset, `${where}: ${fault.reason}`);
    this.#encoded.push(...encoded.slice(0, Math.max(0, MAX_EMBEDDED - this.#encoded.length)));
  }

  #offset(address: number): number {
    return this.#superblock.file.base + address;
  }
}
