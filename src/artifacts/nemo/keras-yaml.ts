import { parseAllDocuments } from 'yaml';
import { judgeKerasConfig, scanEncoded } from '../keras/judge-config.ts';
import type { Unit } from '../scan/reader.ts';

const LAYERS = /^[ \t-]{0,200}["']?layers["']?[ \t]{0,20}:/m;
const CLASS = /^[ \t-]{0,200}["']?class_name["']?[ \t]{0,20}:/m;
const MAX_ALIASES = 1000;

/** Judges the YAML that `model.to_yaml()` of older versions of Keras wrote, which `model_from_yaml` builds layers from. */
export async function judgeKerasYaml(unit: Unit, text: string): Promise<void> {
  if (!CLASS.test(text) || !LAYERS.test(text)) return;
  let configs: string[];
  try {
    const documents = parseAllDocuments(text, { uniqueKeys: false, strict: false, logLevel: 'silent', prettyErrors: false });
    configs = Array.isArray(documents) ? documents.map((document) => JSON.stringify([document.toJS({ maxAliasCount: MAX_ALIASES })])) : [];
  } catch {
    // Too deep, too many aliases, or one that holds itself: the reader of YAML says what is wrong.
    unit.notChecked('Keras configuration in YAML', 'it cannot be made plain');
    return;
  }
  for (const config of configs) await scanEncoded(unit, judgeKerasConfig(unit, Buffer.from(config), null).encoded);
}
