import { nameDanger } from '../archives/member-names.ts';
import { judgeKerasConfig, scanEncoded, type EncodedText } from '../keras/judge-config.ts';
import { isPlainText } from '../protobuf/is-plain-text.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { sniff } from '../scan/sniff.ts';
import { opDanger } from './dangerous-ops.ts';
import { walkGraph, type GraphMessage, type GraphVisitor } from './graph-walk.ts';
import { graphLayout, isFingerprint } from './recognize-graph.ts';
import { TENSORFLOW_RULES } from './tensorflow-rules.ts';

/** Tags of the fields that these messages begin with. */
const FIRST_BYTES = new Set([0x08, 0x0a, 0x12, 0x1a, 0x22]);
const MAX_KERAS_JSON = 16 * 1024 * 1024;
const MAX_ENCODED = 64;
const PRINT_LOOKED_AT = 64 * 1024;

/** Reads the graphs of TensorFlow: SavedModel, MetaGraphDef (`.meta`), frozen GraphDef, and what Keras writes beside them. No graph is ever loaded. */
export const SAVED_MODEL_READER: Reader = {
  format: 'tensorflow',
  recognizes: (head, { source, name }) => {
    if (claimedByName(name)) return head.length > 0 && !isPlainText(head) && (isOwn(head[0] ?? 0) || sniff(head, source) === null);
    if (!isOwn(head[0] ?? 0)) return false;
    return graphLayout(source) !== null || (name === 'fingerprint.pb' && isFingerprint(source));
  },
  read: readGraph,
};

const isOwn = (first: number): boolean => FIRST_BYTES.has(first);
const claimedByName = (name: string): boolean => name === 'saved_model.pb' || name === 'keras_metadata.pb';

function rootOf({ source, name }: Unit): GraphMessage {
  if (name === 'keras_metadata.pb') return 'KerasMetadata';
  return graphLayout(source) ?? (name === 'fingerprint.pb' ? 'Fingerprint' : 'SavedModel');
}

async function readGraph(unit: Unit): Promise<void> {
  const { source, signal } = unit;
  const encoded: EncodedText[] = [];
  const visitor: GraphVisitor = {
    op: (name, op, offset, node) => {
      const danger = opDanger(op);
      if (danger !== null) unit.found(danger.rule, offset, `${op} (node "${name}"): ${danger.can}`);
      else if (/^_?Print/.test(op) && source.read(node.from, Math.min(node.to - node.from, PRINT_LOOKED_AT)).includes('file:'))
        unit.found(TENSORFLOW_RULES.dangerousOp, offset, `${op} (node "${name}") prints into a file`);
    },
    asset: (name, offset) => {
      const danger = nameDanger(name);
      if (danger !== null) unit.found(TENSORFLOW_RULES.assetPath, offset, `${name}: ${danger}`);
    },
    kerasObject: ({ from, to }) => {
      if (to - from > MAX_KERAS_JSON) unit.notChecked('Keras metadata of a layer', `more than ${String(MAX_KERAS_JSON)} bytes`);
      else if (source.read(from, 1)[0] === 0x7b)
        encoded.push(...judgeKerasConfig(unit, source.read(from, to - from), from).encoded.slice(0, MAX_ENCODED - encoded.length));
    },
  };
  const fault = walkGraph(source, rootOf(unit), visitor, signal);
  unit.checked('operations of TensorFlow: graph and function library');
  unit.notChecked('values of constants in the graph', 'only operations are looked at');
  if (fault !== null) unit.found(TENSORFLOW_RULES.unreadable, fault.offset, fault.message);
  await scanEncoded(unit, encoded);
}
