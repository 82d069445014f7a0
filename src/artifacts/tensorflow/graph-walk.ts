import type { ByteSource } from '../bytes/byte-source.ts';
import { walkMessages, type MessageTable } from '../protobuf/message-walk.ts';
import { textOf, type ProtobufFault, type Span, type WireField } from '../protobuf/wire.ts';

/** Messages of TensorFlow that lead to operations, assets and the metadata of Keras (saved_model.proto, meta_graph.proto, graph.proto). */
export type GraphMessage =
  | 'SavedModel'
  | 'MetaGraph'
  | 'Graph'
  | 'Node'
  | 'Library'
  | 'Function'
  | 'Asset'
  | 'ObjectGraph'
  | 'SavedObject'
  | 'UserObject'
  | 'KerasMetadata'
  | 'KerasObject'
  | 'Fingerprint';

const GRAPH_MESSAGES: MessageTable<GraphMessage> = {
  SavedModel: { 2: 'MetaGraph' },
  MetaGraph: { 2: 'Graph', 6: 'Asset', 7: 'ObjectGraph' },
  Graph: { 1: 'Node', 2: 'Library' },
  Library: { 1: 'Function' },
  Function: { 3: 'Node' },
  Node: {},
  Asset: {},
  ObjectGraph: { 1: 'SavedObject' },
  SavedObject: { 4: 'UserObject' },
  UserObject: {},
  KerasMetadata: { 1: 'KerasObject' },
  KerasObject: {},
  Fingerprint: {},
};

export interface GraphVisitor {
  /** `name` is the one of the node, `op` its operation. */
  op(name: string, op: string, offset: number, node: Span): void;
  asset(name: string, offset: number): void;
  /** JSON that Keras wrote about a layer. */
  kerasObject(json: Span): void;
}

/** Longer ones are no names of operations: parsers take them, and no registry has them. */
const MAX_NAME = 512;

/** Hands over every operation of a graph and of its function library. Null, or where the bytes are broken. */
export function walkGraph(source: ByteSource, root: GraphMessage, visitor: GraphVisitor, signal: AbortSignal): ProtobufFault | null {
  const message = (type: GraphMessage, fields: readonly WireField[], span: Span): void => {
    if (type === 'Node') visitNode(source, fields, span, visitor);
    if (type === 'Asset') for (const field of fields) if (field.kind === 'bytes' && field.number === 2) visitor.asset(textOf(source, field.span), field.at);
    const json = type === 'UserObject' ? 3 : type === 'KerasObject' ? 5 : 0;
    if (json > 0) for (const field of fields) if (field.kind === 'bytes' && field.number === json) visitor.kerasObject(field.span);
  };
  return walkMessages(source, root, { from: 0, to: source.size }, { table: GRAPH_MESSAGES, message, signal });
}

/** The last of several values is the one that counts; each of them is handed over. */
function visitNode(source: ByteSource, fields: readonly WireField[], span: Span, visitor: GraphVisitor): void {
  let name = '';
  for (const field of fields) {
    if (field.kind !== 'bytes') continue;
    if (field.number === 1) name = textOf(source, field.span, MAX_NAME);
    if (field.number === 2) visitor.op(name, textOf(source, field.span, MAX_NAME), field.at, span);
  }
}
