import type { ByteSource } from '../bytes/byte-source.ts';
import { fieldsOf, ProtobufFault } from './wire.ts';
import type { Span, WireField } from './wire.ts';

/** Message type -> number of a field -> type of the messages in it. What is not named is passed over or handed to `field`. */
export type MessageTable<Type extends string> = Readonly<Record<Type, Readonly<Record<number, Type>>>>;

export interface MessageWalk<Type extends string> {
  readonly table: MessageTable<Type>;
  /** Each message, once all of its own fields are known and before those inside of it are looked at. */
  message(type: Type, fields: readonly WireField[], span: Span): void;
  readonly signal: AbortSignal;
}

/** Fields of one message that are kept. Nodes of real graphs have dozens; the lists of a graph are handed over in parts. */
const BATCH = 4096;
const MAX_DEPTH = 200;
const MAX_MESSAGES = 20_000_000;

interface Open<Type> {
  readonly type: Type;
  readonly span: Span;
  readonly fields: Iterator<WireField, undefined>;
  kept: WireField[];
  /** Messages inside that are still to be walked. */
  readonly inner: { readonly type: Type; readonly span: Span }[];
  ended: boolean;
}

/**
 * Walks a message and those inside of it, without recursion. Messages with more than 4096 fields are handed over in parts. Returns where
 * and why it had to stop, or null at the end of sound bytes; everything in front of that place has been handed over.
 */
export function walkMessages<Type extends string>(source: ByteSource, root: Type, span: Span, walk: MessageWalk<Type>): ProtobufFault | null {
  const stack: Open<Type>[] = [open(source, root, span)];
  let fault: ProtobufFault | null = null;
  let messages = 0;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.inner.shift();
    if (next !== undefined) {
      if (++messages > MAX_MESSAGES) return new ProtobufFault(next.span.from, `more than ${String(MAX_MESSAGES)} messages`);
      if (stack.length >= MAX_DEPTH) fault ??= new ProtobufFault(next.span.from, `messages are nested deeper than ${String(MAX_DEPTH)}`);
      else stack.push(open(source, next.type, next.span));
      continue;
    }
    if (top.ended) {
      stack.pop();
      continue;
    }
    walk.signal.throwIfAborted();
    const stopped = readBatch(top, walk.table[top.type]);
    fault ??= stopped;
    walk.message(top.type, top.kept, top.span);
    top.kept = [];
  }
  return fault;
}

function open<Type>(source: ByteSource, type: Type, span: Span): Open<Type> {
  return { type, span, fields: fieldsOf(source, span), kept: [], inner: [], ended: false };
}

/** Reads the next fields; why there are no more, when that is not their end. */
function readBatch<Type extends string>(top: Open<Type>, children: Readonly<Record<number, Type>>): ProtobufFault | null {
  try {
    while (top.kept.length < BATCH) {
      const next = top.fields.next();
      if (next.done === true) {
        top.ended = true;
        return null;
      }
      const { value } = next;
      const child = value.kind === 'bytes' ? children[value.number] : undefined;
      if (child !== undefined && value.kind === 'bytes') top.inner.push({ type: child, span: value.span });
      top.kept.push(value);
    }
    return null;
  } catch (error) {
    if (!(error instanceof ProtobufFault)) throw error;
    top.ended = true;
    return error;
  }
}
