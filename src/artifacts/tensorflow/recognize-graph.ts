import type { ByteSource } from '../bytes/byte-source.ts';
import { firstFields, fits, type Shape } from '../protobuf/message-shape.ts';
import type { Span, WireField } from '../protobuf/wire.ts';
import { textOf } from '../protobuf/wire.ts';
import type { GraphMessage } from './graph-walk.ts';

const SAVED_MODEL: Shape = { 1: 'varint', 2: 'bytes' };
const META_GRAPH: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes', 5: 'bytes', 6: 'bytes', 7: 'bytes' };
const GRAPH: Shape = { 1: 'bytes', 2: 'bytes', 3: 'varint', 4: 'bytes', 5: 'bytes' };
const NODE: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes', 5: 'bytes', 6: 'bytes', 7: 'bytes' };
const LIBRARY: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes' };
const FUNCTION: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes', 5: 'bytes', 6: 'bytes', 7: 'bytes', 8: 'bytes' };
const KERAS_OBJECT: Shape = { 2: 'varint', 3: 'bytes', 4: 'bytes', 5: 'bytes', 6: 'bytes' };
/** fingerprint.proto: checksums, a version and an id. Nothing in it is run. */
const FINGERPRINT: Shape = { 1: 'varint', 2: 'varint', 3: 'varint', 4: 'varint', 5: 'varint', 6: 'bytes', 7: 'bytes' };
const OP = /^[A-Za-z_][\w>./-]{0,200}$/;

/** What an unnamed file of protobuf is by its layout, or null when it is nothing of TensorFlow. */
export function graphLayout(source: ByteSource): GraphMessage | null {
  const all = { from: 0, to: source.size };
  const { fields, fault } = firstFields(source, all);
  if (fields.length === 0) return null;
  if (fits(fields, SAVED_MODEL) && spans(fields, 2).some((span) => isMetaGraph(source, span))) return 'SavedModel';
  if (fits(fields, META_GRAPH) && spans(fields, 2).some((span) => isGraph(source, span))) return 'MetaGraph';
  if (isGraph(source, all)) return 'Graph';
  if (!fault && fits(fields, { 1: 'bytes' }) && spans(fields, 1).some((span) => isKerasObject(source, span))) return 'KerasMetadata';
  return null;
}

export function isFingerprint(source: ByteSource): boolean {
  const { fields, fault } = firstFields(source, { from: 0, to: source.size });
  return !fault && source.size < 4096 && fields.length >= 3 && fits(fields, FINGERPRINT);
}

function spans(fields: readonly WireField[], number: number): Span[] {
  return fields.flatMap((field) => (field.kind === 'bytes' && field.number === number ? [field.span] : []));
}

function isMetaGraph(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  return fits(fields, META_GRAPH) && spans(fields, 2).some((graph) => isGraph(source, graph));
}

/** Its nodes have operations that look like names, be it in the graph or in its library. */
function isGraph(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  if (!fits(fields, GRAPH)) return false;
  const nodes = spans(fields, 1);
  if (nodes.length > 0) return nodes.slice(0, 8).every((node) => isNode(source, node));
  return spans(fields, 2).some((library) => isLibrary(source, library));
}

function isLibrary(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  const functions = spans(fields, 1);
  return fits(fields, LIBRARY) && functions.length > 0 && functions.slice(0, 8).every((one) => isFunction(source, one));
}

function isFunction(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  const nodes = spans(fields, 3);
  return fits(fields, FUNCTION) && nodes.length > 0 && nodes.slice(0, 8).every((node) => isNode(source, node));
}

function isNode(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  const [op] = spans(fields, 2);
  return fits(fields, NODE) && op !== undefined && OP.test(textOf(source, op, 256));
}

function isKerasObject(source: ByteSource, span: Span): boolean {
  const { fields } = firstFields(source, span);
  const [json] = spans(fields, 5);
  return fits(fields, KERAS_OBJECT) && json !== undefined && textOf(source, json, 1) === '{';
}
