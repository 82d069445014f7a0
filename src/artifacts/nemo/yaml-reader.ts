import type { Reader } from '../scan/reader.ts';
import { isText } from '../scan/sniff.ts';

const NAME = /\.ya?ml$/i;

/** Reads YAML configurations: targets that NeMo and Hydra import and call, tags, aliases, credentials (reference, section 13). */
export const YAML_READER: Reader = {
  format: 'yaml-config',
  recognizes: (head, { name }) => head.length > 0 && isText(head) && (NAME.test(name) || /^(?:%YAML|---\s)/.test(head.toString('latin1', 0, 16))),
  // The library has seventy files, and threads start often: it is loaded when there is something to read.
  read: async (unit) => {
    const { readYaml } = await import('./read-yaml.ts');
    await readYaml(unit);
  },
};
