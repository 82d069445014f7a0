import { Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import type * as Xz from 'xz-decompress';
import type { ByteSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../bytes/chunks-of.ts';
import { bunzip2 } from './bunzip2.ts';
import { unlz4 } from './lz4.ts';
import { lzmaHeader, unlzma, zipLzmaHeader } from './unlzma.ts';

const FEED = 256 * 1024;
const QUEUE_BYTES = 1024 * 1024;

/** Of `lzma` the header of `.lzma` files goes before it, of `zip-lzma` the one of zip members. */
export type Stream = 'deflate' | 'zlib' | 'gzip' | 'zstd' | Foreign;

/** Node has no decoder of them. */
type Foreign = 'bzip2' | 'xz' | 'lz4' | 'lzma' | 'zip-lzma';

/** A decoder at work. `consumed`: packed bytes that belong to the stream, right once all was read. */
export interface Decoded {
  readonly chunks: AsyncIterable<Buffer>;
  consumed(): number;
}

/** Unpacks a stream. The iteration throws at a broken place, after everything in front of it. */
export function packedStream(source: ByteSource, stream: Stream): Decoded {
  if (stream !== 'deflate' && stream !== 'zlib' && stream !== 'gzip' && stream !== 'zstd') {
    const end = { at: source.size };
    return { chunks: foreign(source, stream, end), consumed: () => end.at };
  }
  const decoder = nodeDecoder(stream);
  return { chunks: through(source, decoder), consumed: () => Math.min(decoder.bytesWritten, source.size) };
}

function nodeDecoder(stream: 'deflate' | 'zlib' | 'gzip' | 'zstd'): Transform & { bytesWritten: number } {
  const chunkSize = 64 * 1024;
  switch (stream) {
    case 'deflate':
      return createInflateRaw({ chunkSize });
    case 'zlib':
      return createInflate({ chunkSize });
    case 'gzip':
      return createGunzip({ chunkSize });
    case 'zstd':
      return createZstdDecompress({ chunkSize });
  }
}

/** Pieces are taken as they are made, so that none is lost when the decoder breaks behind them. */
async function* through(source: ByteSource, decoder: Transform): AsyncGenerator<Buffer> {
  const feed = Readable.from(chunksOf(source), { objectMode: false, highWaterMark: FEED });
  const queue: Buffer[] = [];
  const state: { queued: number; ended: boolean; error: Error | undefined; wake: () => void } = {
    queued: 0,
    ended: false,
    error: undefined,
    wake: () => undefined,
  };
  decoder.on('data', (chunk: Buffer) => {
    queue.push(chunk);
    state.queued += chunk.length;
    if (state.queued > QUEUE_BYTES) decoder.pause();
    state.wake();
  });
  decoder.once('end', () => {
    state.ended = true;
    state.wake();
  });
  const fail = (error: Error): void => {
    state.error ??= error;
    state.wake();
  };
  decoder.on('error', fail);
  feed.on('error', fail);
  feed.pipe(decoder);
  try {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) {
        state.queued -= chunk.length;
        yield chunk;
        continue;
      }
      if (state.error !== undefined) throw state.error;
      if (state.ended) return;
      await new Promise<void>((resolve) => {
        state.wake = resolve;
        decoder.resume();
      });
    }
  } finally {
    feed.destroy();
    decoder.destroy();
  }
}

/** In plain JavaScript; xz in WebAssembly. */
async function* foreign(source: ByteSource, stream: Foreign, end: { at: number }): AsyncGenerator<Buffer> {
  if (stream !== 'xz') {
    yield* plain(source, stream, end);
    return;
  }
  // CommonJS that says in its types that it is not.
  const { default: xz } = (await import('xz-decompress')) as unknown as { default: typeof Xz };
  for await (const chunk of new xz.XzReadableStream(webStream(source))) yield Buffer.from(chunk);
}

function plain(source: ByteSource, stream: Exclude<Foreign, 'xz'>, end: { at: number }): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (stream === 'bzip2') return bunzip2(source);
  if (stream === 'lz4') return unlz4(source, end);
  const head = source.read(0, 18);
  const header = stream === 'lzma' ? lzmaHeader(head) : zipLzmaHeader(head);
  if (header === null) throw new Error('no header of LZMA');
  return unlzma(source, header, end);
}

function webStream(source: ByteSource): ReadableStream<Uint8Array> {
  const chunks = chunksOf(source);
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
}
