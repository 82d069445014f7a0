import { isPlainText } from '../protobuf/is-plain-text.ts';
import { walkMessages } from '../protobuf/message-walk.ts';
import { firstFields } from '../protobuf/message-shape.ts';
import { textOf, type Span, type WireField } from '../protobuf/wire.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { sniff } from '../scan/sniff.ts';
import { judgeTensor, scanEmbedded, type EmbeddedTensor } from './judge-tensor.ts';
import { ONNX_MESSAGES, type OnnxMessage } from './onnx-messages.ts';
import { ONNX_RULES } from './onnx-rules.ts';
import { OperatorCheck } from './operator-check.ts';
import { TensorValues } from './tensor-values.ts';

const MAX_TEXT = 256 * 1024;
const MAX_EMBEDDED = 64;

/** Reads ONNX models by ranges: nodes of graphs, subgraphs and functions, and where tensors lie. Nothing is ever loaded. */
export const ONNX_READER: Reader = {
  format: 'onnx',
  recognizes: (head, { source, name }) => {
    if (looksLikeModel(source, head)) return true;
    // Unknown bytes under this name are a broken model. Text is left to others.
    return /\.onnx$/i.test(name) && head.length > 0 && !isPlainText(head) && [null, 'text'].includes(sniff(head, source));
  },
  read: readModel,
};

/** ModelProto: fields of known kinds, of which a graph that has nodes, tensors or typed inputs is one. */
function looksLikeModel(source: ByteSource, head: Buffer): boolean {
  // A tag of the fields 1 to 8, 14, 20 or 25; others come with a graph in front of them.
  const first = head[0] ?? 0;
  if (![0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca].includes(first)) return false;
  const { fields } = firstFields(source, { from: 0, to: source.size });
  const sound = fields.every(
    ({ number, kind }) => kind === (number === 1 || number === 5 ? 'varint' : 'bytes') && [1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26].includes(number),
  );
  return sound && fields.some((field) => field.number === 7 && field.kind === 'bytes' && looksLikeGraph(source, field.span));
}

function looksLikeGraph(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  const sound = fields.every(({ number, kind }) => kind === 'bytes' && [1, 2, 5, 10, 11, 12, 13, 14, 15, 16].includes(number));
  return sound && fields.some(({ number }) => [1, 5, 11, 12].includes(number));
}

async function readModel(unit: Unit): Promise<void> {
  const { source, signal } = unit;
  const operators = new OperatorCheck(unit);
  const embedded: EmbeddedTensor[] = [];
  const values = new TensorValues(unit);
  const message = (type: OnnxMessage, fields: readonly WireField[], span: Span): void => {
    if (type === 'Node') operators.node(fields, span);
    if (type === 'Function') operators.define(fields);
    if (type === 'Attribute' || type === 'Entry') judgeTexts(unit, type, fields);
    if (type !== 'Tensor') return;
    const found = judgeTensor(unit, fields, span, values);
    if (found !== null && embedded.length < MAX_EMBEDDED) embedded.push(found);
  };
  const fault = walkMessages(source, 'Model', { from: 0, to: source.size }, { table: ONNX_MESSAGES, message, signal });
  operators.report();
  unit.checked('ONNX nodes of graphs, subgraphs, training graphs and functions');
  if (fault !== null) unit.found(ONNX_RULES.unreadable, fault.offset, fault.message);
  for (const tensor of embedded) await scanEmbedded(unit, tensor);
  values.search();
}

/** Metadata (key 1, value 2) and strings of attributes (4, 9). */
function judgeTexts(unit: Unit, type: 'Attribute' | 'Entry', fields: readonly WireField[]): void {
  for (const field of fields) {
    if (field.kind !== 'bytes' || !(type === 'Entry' ? field.number <= 2 : field.number === 4 || field.number === 9)) continue;
    if (field.span.to - field.span.from < 8) continue;
    for (const { detail } of suspiciousText(textOf(unit.source, field.span, MAX_TEXT))) unit.found(ONNX_RULES.metadata, field.at, detail);
  }
}
