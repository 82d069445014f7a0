import { searchEmbedded } from '../scan/embedded.ts';
import type { Reader } from '../scan/reader.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

/** The last bytes of a sorted table (LevelDB table format, "footer"). */
const TABLE_MAGIC = Buffer.from('57fb808b247547db', 'hex');
const DATA = /\.data-[0-9]{5}-of-[0-9]{5}$/;
const SEARCHED = 64 * 1024 * 1024;

const isTable = (source: ByteSource): boolean => source.size >= 48 && source.read(source.size - 8, 8).equals(TABLE_MAGIC);

/** Knows checkpoints of TensorFlow, which are numbers and names: `variables.index` and `variables.data-00000-of-00001`. */
export const TF_CHECKPOINT_READER: Reader = {
  format: 'tensorflow-checkpoint',
  recognizes: (_head, { source, name }) => DATA.test(name) || (name.endsWith('.index') && isTable(source)),
  read: async (unit) => {
    if (!DATA.test(unit.name)) {
      unit.notChecked('names and shapes in the checkpoint', 'its table is not read: nothing in it is run');
      return;
    }
    await searchEmbedded(unit, 0, Math.min(unit.source.size, SEARCHED), 'gap');
    if (unit.source.size > SEARCHED) unit.notChecked('embedded formats', `only in the first ${String(SEARCHED)} bytes`);
  },
};
