import type SevenZipFactory from '7z-wasm';
import type { SevenZipModule } from '7z-wasm';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { SpoolWriter } from '../bytes/spool.ts';

const ARCHIVE = '/a.7z';
const MAX_LINES = 400_000;
const MAX_LINE = 8192;

/** A member as `7z l -slt` lists it. */
export interface SevenZipMember {
  readonly name: string;
  readonly size: number;
  readonly folder: boolean;
  readonly encrypted: boolean;
  readonly method: string;
  readonly attributes: string;
}

export interface SevenZipList {
  readonly members: readonly SevenZipMember[];
  /** Bytes of the archive itself; null when it was not understood. */
  readonly physicalSize: number | null;
  /** Lines with errors and warnings. */
  readonly trouble: readonly string[];
}

/** How the program ends itself. */
class Ended extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the program ended with ${String(code)}`);
    this.code = code;
  }
}

/** What a limit throws through the machine; it is thrown away with it. */
class Stopped extends Error {}

/** It returns the exit code, which its types do not say. */
interface Main {
  callMain: (args: string[]) => unknown;
}

interface Run {
  readonly lines: string[];
  readonly code: number;
}

/**
 * The 7-Zip program as WebAssembly, a new machine for every run: what one archive did to its memory is gone with it. It sees one file,
 * the archive, and writes to nothing but `output`.
 */
async function run(args: readonly string[], source: ByteSource, output: (bytes: Buffer) => void, signal: AbortSignal): Promise<Run> {
  const { default: factory } = (await import('7z-wasm')) as unknown as { default: typeof SevenZipFactory.default };
  const lines: string[] = [];
  const say = (line: string): void => {
    if (lines.length < MAX_LINES) lines.push(line.slice(0, MAX_LINE));
  };
  const machine = await factory({
    print: say,
    printErr: say,
    // An end of input for every question, such as the one for a password.
    stdin: () => null as unknown as number,
    // The default sets the exit code of this process.
    quit: (code) => {
      throw new Ended(code);
    },
  });
  mountArchive(machine, source, signal);
  redirectOutput(machine, output, signal);
  const exitCode = process.exitCode;
  try {
    const code: unknown = (machine as unknown as Main).callMain([...args]);
    return { lines, code: typeof code === 'number' ? code : 0 };
  } catch (error) {
    if (error instanceof Stopped) return { lines, code: -1 };
    if (error instanceof Ended) return { lines, code: error.code };
    signal.throwIfAborted();
    say(`ERROR: ${error instanceof Error ? error.message : 'the program broke'}`);
    return { lines, code: 2 };
  } finally {
    // It sets that of this process on its way, whatever \`quit\` does.
    process.exitCode = exitCode;
  }
}

interface StreamOps {
  read: (stream: unknown, buffer: Int8Array, offset: number, length: number, position: number) => number;
  write: (stream: unknown, buffer: Int8Array, offset: number, length: number) => number;
}

/** A file whose bytes come from the source, in pieces. */
function mountArchive({ FS }: SevenZipModule, source: ByteSource, signal: AbortSignal): void {
  FS.writeFile(ARCHIVE, new Uint8Array(0));
  const node = FS.lookupPath(ARCHIVE).node as unknown as { usedBytes: number; stream_ops: StreamOps };
  node.usedBytes = source.size;
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream, buffer, offset, length, position) => {
      signal.throwIfAborted();
      const bytes = source.read(position, length);
      buffer.set(bytes, offset);
      return bytes.length;
    },
  };
}

/** Standard output is taken in pieces; the program's own way is a call for every byte. */
function redirectOutput({ FS }: SevenZipModule, output: (bytes: Buffer) => void, signal: AbortSignal): void {
  const stream = (FS as unknown as { streams: { stream_ops: StreamOps }[] }).streams[1];
  if (stream === undefined) return;
  const { stream_ops: before } = stream;
  stream.stream_ops = {
    ...before,
    write: (_stream, buffer, offset, length) => {
      signal.throwIfAborted();
      output(Buffer.from(Buffer.from(buffer.buffer, buffer.byteOffset + offset, length)));
      return length;
    },
  };
}

/** Some password, so that encrypted archives fail instead of asking. `-spd`: names are no patterns. */
const COMMON = ['-t7z', '-sccUTF-8', '-spd', '-pnone', ARCHIVE];

export async function listSevenZip(source: ByteSource, signal: AbortSignal): Promise<SevenZipList> {
  const text: Buffer[] = [];
  let size = 0;
  const { lines } = await run(
    ['l', '-slt', ...COMMON],
    source,
    (bytes) => {
      size += bytes.length;
      if (size < MAX_LINES * 100) text.push(bytes);
    },
    signal,
  );
  return parseListing([...Buffer.concat(text).toString('utf8').split('\n'), ...lines]);
}

/** Unpacks all members one after another, or the one of a name. Returns whether the program had nothing to complain about. */
export async function unpackSevenZip(
  source: ByteSource,
  writer: SpoolWriter,
  limit: number,
  signal: AbortSignal,
  name?: string,
): Promise<{ readonly whole: boolean; readonly trouble: readonly string[] }> {
  const only = name === undefined ? [] : [`-i!${name}`];
  const { lines, code } = await run(
    ['x', '-so', ...only, ...COMMON],
    source,
    (bytes) => {
      writer.write(bytes.subarray(0, limit - writer.size));
      if (writer.size >= limit) throw new Stopped();
    },
    signal,
  );
  return { whole: code === 0, trouble: lines.filter((line) => TROUBLE.test(line)) };
}

const TROUBLE = /error|wrong password|unsupported|cannot open|unexpected end|no more files|can't allocate|failed/i;

function parseListing(lines: readonly string[]): SevenZipList {
  const members: SevenZipMember[] = [];
  const trouble: string[] = [];
  let physicalSize: number | null = null;
  let fields: Map<string, string> | null = null;
  let inMembers = false;
  const flush = (): void => {
    if (inMembers && fields?.has('Path') === true) members.push(memberOf(fields));
    fields = null;
  };
  for (const line of lines) {
    if (/^-{10}/.test(line)) {
      flush();
      inMembers = true;
      continue;
    }
    const [, key, value = ''] = /^([A-Z][A-Za-z ]{1,30}) = (.*)$/.exec(line) ?? [];
    if (key === undefined) {
      if (TROUBLE.test(line)) trouble.push(line.trim());
      continue;
    }
    if (key === 'Path') flush();
    if (key === 'Physical Size' && !inMembers) physicalSize = Number(value);
    fields ??= new Map<string, string>();
    if (!fields.has(key)) fields.set(key, value);
  }
  flush();
  return { members, physicalSize, trouble };
}

function memberOf(fields: ReadonlyMap<string, string>): SevenZipMember {
  const attributes = fields.get('Attributes') ?? '';
  const size = Number(fields.get('Size') ?? '0');
  return {
    name: fields.get('Path') ?? '',
    size: Number.isSafeInteger(size) && size > 0 ? size : 0,
    folder: attributes.startsWith('D') || fields.get('Folder') === '+',
    encrypted: fields.get('Encrypted') === '+',
    method: fields.get('Method') ?? '',
    attributes,
  };
}
