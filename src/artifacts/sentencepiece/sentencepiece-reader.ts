import { firstFields, fits, type Shape } from '../protobuf/message-shape.ts';
import { fieldsOf, ProtobufFault } from '../protobuf/wire.ts';
import { searchEmbedded } from '../scan/embedded.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { SENTENCEPIECE_RULES } from './sentencepiece-rules.ts';

const NAME = /\.(?:model|spm)$/i;
/** `ModelProto` of sentencepiece_model.proto: pieces, trainer, normalizer, self-test, denormalizer. */
const MODEL: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes', 5: 'bytes' };
/** One of its pieces: a text, a score, a type. */
const PIECE: Shape = { 1: 'bytes', 2: 'fixed', 3: 'varint' };
const SEARCHED = 64 * 1024 * 1024;
const LOOK_EVERY = 4096;

/** Reads vocabularies of SentencePiece (`tokenizer.model`, `spiece.model`), which are texts and numbers: nothing in them is run. */
export const SENTENCEPIECE_READER: Reader = {
  format: 'sentencepiece',
  recognizes: (head, { source, name }) => {
    if (head[0] !== 0x0a || !NAME.test(name)) return false;
    const { fields } = firstFields(source, { from: 0, to: source.size }, 8);
    const [piece] = fields;
    if (piece?.kind !== 'bytes' || !fits(fields, MODEL)) return false;
    const inner = firstFields(source, piece.span, 8);
    return !inner.fault && inner.fields.length > 0 && fits(inner.fields, PIECE);
  },
  read: readModel,
};

async function readModel(unit: Unit): Promise<void> {
  const { source, signal } = unit;
  let count = 0;
  try {
    for (const { number, kind, at } of fieldsOf(source, { from: 0, to: source.size })) {
      if (++count % LOOK_EVERY === 0) signal.throwIfAborted();
      // Extensions have numbers from 200 on.
      if (number < 200 && MODEL[number] !== kind) throw new ProtobufFault(at, `there is no field ${String(number)} of that kind`);
    }
    unit.checked('SentencePiece vocabulary: structure');
  } catch (error) {
    if (!(error instanceof ProtobufFault)) throw error;
    unit.found(SENTENCEPIECE_RULES.broken, error.offset, error.message);
  }
  await searchEmbedded(unit, 1, Math.min(source.size, SEARCHED), 'gap');
  if (source.size > SEARCHED) unit.notChecked('embedded formats', `only in the first ${String(SEARCHED)} bytes`);
}
