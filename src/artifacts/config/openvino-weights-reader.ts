import type { Reader, Unit } from '../scan/reader.ts';
import { searchEmbedded } from '../scan/embedded.ts';
import { CONFIG_RULES } from './config-rules.ts';
import { walkXml } from './xml-tags.ts';

const MAX_GRAPH = 64 * 1024 * 1024;
const SEARCHED = 64 * 1024 * 1024;

/** The graph beside weights of OpenVINO, which have no header: `model.xml` goes with `model.bin`. */
const graphName = (name: string): string => name.replace(/\.bin$/i, '.xml');

/** Reads the weights of an OpenVINO model: raw numbers, whose places the graph beside them names. */
export const OPENVINO_WEIGHTS_READER: Reader = {
  format: 'openvino-weights',
  recognizes: (_head, unit) => {
    if (!/\.bin$/i.test(unit.name)) return false;
    const graph = unit.sibling?.(graphName(unit.name))?.read(0, 4096);
    return graph !== undefined && /<net[\s>]/.test(graph.toString('latin1'));
  },
  read: readWeights,
};

async function readWeights(unit: Unit): Promise<void> {
  const graph = unit.sibling(graphName(unit.name));
  if (graph === undefined) return;
  const { size } = unit.source;
  walkXml(
    graph.read(0, MAX_GRAPH).toString('utf8'),
    ({ name, attributes }) => {
      if (name !== 'data') return;
      const [offset, length] = [attributes.get('offset'), attributes.get('size')];
      if (offset === undefined || length === undefined) return;
      const end = /^\d{1,15}$/.test(offset) && /^\d{1,15}$/.test(length) ? Number(offset) + Number(length) : Infinity;
      if (end > size) unit.found(CONFIG_RULES.weightMap, null, `the graph has ${length} bytes from ${offset} on, the file ends after ${String(size)}`);
    },
    unit.signal,
  );
  unit.checked('OpenVINO weights: places in the graph');
  await searchEmbedded(unit, 0, Math.min(size, SEARCHED), 'gap');
  if (size > SEARCHED) unit.notChecked('embedded formats', `only in the first ${String(SEARCHED)} bytes`);
}
