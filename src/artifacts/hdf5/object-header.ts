import { FieldReader, Hdf5Fault, type Hdf5Bytes } from './hdf5-bytes.ts';

/** A message of an object header: what kind of fact it is, and its bytes. */
export interface HeaderMessage {
  readonly type: number;
  /** Its bytes are not here but in another place, which they name. */
  readonly shared: boolean;
  readonly data: Buffer;
  readonly address: number;
}

const MAX_CHUNKS = 4096;
const MAX_MESSAGES = 100_000;
const MAX_CHUNK = 64 * 1024 * 1024;
const CONTINUATION = 0x10;

interface Chunk {
  readonly address: number;
  readonly length: number;
}

/** The messages of an object (format specification, IV.A.1), in both versions and all continuations. Throws Hdf5Fault. */
export function readObjectHeader(file: Hdf5Bytes, address: number): HeaderMessage[] {
  return file.at(address, 4, 'object header').toString('latin1') === 'OHDR' ? readVersion2(file, address) : readVersion1(file, address);
}

function readVersion1(file: Hdf5Bytes, address: number): HeaderMessage[] {
  const head = file.reader(address, 12, 'object header');
  const version = head.number(1);
  if (version !== 1) head.fail(`there is no version ${String(version)}`);
  head.skip(1);
  const count = head.number(2);
  head.skip(4);
  const chunks: Chunk[] = [{ address: address + 16, length: head.number(4) }];
  const messages: HeaderMessage[] = [];
  for (let index = 0; index < chunks.length; index++) {
    const chunk = chunkAt(chunks, index, address);
    const fields = file.reader(chunk.address, chunk.length, 'object header');
    // What is counted are messages of all chunks; further ones are not read by the library.
    while (fields.left >= 8 && messages.length < count) {
      const [type, size, flags] = [fields.number(2), fields.number(2), fields.number(1)];
      fields.skip(3);
      addMessage(file, chunks, messages, { type, flags, at: chunk.address + fields.position, data: fields.bytes(size) });
    }
  }
  return messages;
}

function readVersion2(file: Hdf5Bytes, address: number): HeaderMessage[] {
  const head = file.reader(address, 6, 'object header');
  head.signature('OHDR');
  const version = head.number(1);
  if (version !== 2) head.fail(`there is no version ${String(version)}`);
  const flags = head.number(1);
  const sizeBytes = 1 << (flags & 3);
  const before = 6 + ((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4);
  const length = file.reader(address + before, sizeBytes, 'object header').number(sizeBytes);
  const chunks: Chunk[] = [{ address: address + before + sizeBytes, length }];
  const messages: HeaderMessage[] = [];
  const prefix = (flags & 4) === 0 ? 4 : 6;
  for (let index = 0; index < chunks.length; index++) {
    let { address: at, length: size } = chunkAt(chunks, index, address);
    if (index > 0) {
      file.reader(at, 4, 'continuation of an object header').signature('OCHK');
      at += 4;
      size -= 8;
    }
    const fields = file.reader(at, Math.max(0, size), 'object header');
    while (fields.left >= prefix) {
      const [type, bytes, messageFlags] = [fields.number(1), fields.number(2), fields.number(1)];
      fields.skip(prefix - 4);
      addMessage(file, chunks, messages, { type, flags: messageFlags, at: at + fields.position, data: fields.bytes(bytes) });
    }
  }
  return messages;
}

function chunkAt(chunks: readonly Chunk[], index: number, address: number): Chunk {
  const chunk = chunks[index] ?? { address, length: 0 };
  if (index >= MAX_CHUNKS || chunk.length > MAX_CHUNK) throw new Hdf5Fault(chunk.address, `the object header at ${String(address)} is too long`);
  return chunk;
}

interface Found {
  readonly type: number;
  readonly flags: number;
  readonly at: number;
  readonly data: Buffer;
}

function addMessage(file: Hdf5Bytes, chunks: Chunk[], messages: HeaderMessage[], { type, flags, at, data }: Found): void {
  if (messages.length >= MAX_MESSAGES) throw new Hdf5Fault(file.base + at, `more than ${String(MAX_MESSAGES)} messages in an object header`);
  messages.push({ type, shared: (flags & 2) !== 0, data, address: at });
  if (type !== CONTINUATION) return;
  const fields = new FieldReader(file, data, at, 'continuation of an object header');
  const address = fields.addressOf('it');
  const length = fields.length();
  if (chunks.some((chunk) => chunk.address === address)) fields.fail('it leads back');
  chunks.push({ address, length });
}
