import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { ByteSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { Finding } from '../../../src/artifacts/findings/rule.ts';
import type { Inside, Reader, Unit } from '../../../src/artifacts/scan/reader.ts';

export interface Scanned {
  readonly findings: Finding[];
  /** Rule ids, each once, in the order in which they came. */
  readonly ids: string[];
  readonly checked: string[];
  readonly notChecked: string[];
  readonly inside: { readonly name: string; readonly how: Inside; readonly offset: number | null; readonly size: number }[];
}

/** An odd one, so that elements are cut. */
const PASS_BYTES = 1021;

interface Pass {
  readonly check: string;
  readonly offset: number;
  readonly length: number;
  readonly take: (chunk: Buffer, offset: number) => void;
  readonly done: () => void | Promise<void>;
}

/** Runs one reader over bytes and collects what it says. */
export async function scanWith(reader: Reader, bytes: Buffer, name: string): Promise<Scanned> {
  const scanned: Scanned = { findings: [], ids: [], checked: [], notChecked: [], inside: [] };
  const passes: Pass[] = [];
  const unit: Unit = {
    source: bytesSource(bytes),
    name,
    path: [name],
    depth: 0,
    found: (rule, offset, detail) => {
      scanned.findings.push({ rule, path: [name], offset, detail });
      if (!scanned.ids.includes(rule.id)) scanned.ids.push(rule.id);
    },
    checked: (check) => scanned.checked.push(check),
    notChecked: (check) => scanned.notChecked.push(check),
    sibling: () => undefined,
    inside: (source: ByteSource, member, how, offset) => {
      scanned.inside.push({ name: member, how, offset, size: source.size });
      return Promise.resolve('nothing' as const);
    },
    everyByte: (check, offset, length, take, done) => void passes.push({ check, offset, length, take, done }),
    unpack: () => Promise.reject(new Error('nothing is packed here')),
    signal: new AbortController().signal,
  };
  await reader.read(unit);
  for (const { check, offset, length, take, done } of passes) {
    for (let at = offset; at < offset + length; at += PASS_BYTES) take(bytes.subarray(at, Math.min(at + PASS_BYTES, offset + length)), at);
    await done();
    scanned.checked.push(check);
  }
  return scanned;
}

export interface MadeTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

/** A sound safetensors file. */
export function makeSafetensors(tensors: Readonly<Record<string, MadeTensor>>, metadata?: Readonly<Record<string, string>>): Buffer {
  let at = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  return withHeader(JSON.stringify(header), Buffer.concat(Object.values(tensors).map(({ data }) => data)));
}

/** A file with any header text. */
export function withHeader(header: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

export function floats(...values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}
