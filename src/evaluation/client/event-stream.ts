import { ElulmcError } from '../../core/errors.ts';

/** Longer than any chunk of a completion, with log-probabilities too. */
const MAX_EVENT_CHARACTERS = 4 * 1024 * 1024;

/** Lines of a body that comes in pieces; joining an unfinished line at every piece would cost quadratic time. */
async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line: string[] = [];
  let size = 0;
  for await (const chunk of body) {
    const [first = '', ...others] = decode(decoder, chunk).split('\n');
    line.push(first);
    size += first.length;
    if (size > MAX_EVENT_CHARACTERS) throw endless();
    for (const next of others) {
      yield line.join('').replace(/\r$/, '');
      line = [next];
      size = next.length;
    }
  }
}

/**
 * The data of each server-sent event (WHATWG HTML, 9.2.6) of a body. Throws UPSTREAM_INVALID for bytes that are not UTF-8 and for
 * an event without an end. A last event without its blank line is dropped, as the standard says.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let data: string[] = [];
  let size = 0;
  for await (const line of readLines(body)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data = [];
      size = 0;
    } else if (line.startsWith('data:')) {
      data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
      size += line.length;
      if (size > MAX_EVENT_CHARACTERS) throw endless();
    }
  }
}

function endless(): ElulmcError {
  return new ElulmcError('UPSTREAM_INVALID', 'an event of the stream does not end');
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new ElulmcError('UPSTREAM_INVALID', 'the stream is not UTF-8', { cause: error });
  }
}
