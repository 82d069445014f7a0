import { CodeMembers } from '../config/code-members.ts';
import { CONFIG_RULES } from '../config/config-rules.ts';
import { rateTarget } from '../config/target-names.ts';
import { TextMembers } from '../config/text-members.ts';
import type { Unit } from '../scan/reader.ts';
import { judgeKerasYaml } from './keras-yaml.ts';
import { NEMO_RULES } from './nemo-rules.ts';
import { MAX_EXPANDED, walkYaml, type YamlTag } from './yaml-members.ts';

/** Configurations of NeMo have some hundred kilobytes at most. */
const MAX_BYTES = 1024 * 1024;
const MAX_NODES = 1_000_000;
/** What NeMo and its kin restore a model from; other YAML belongs to other programs. */
const SETTINGS = /(?:^|\/)(?:model_config|model|config|hparams|params|hyperparams|tokenizer|adapter)[\w.-]*\.ya?ml$/i;
const NEMO = /(?:^|\/)(?:model_config|hparams)\.ya?ml$/i;
const STANDARD = 'tag:yaml.org,2002:';
/** Plain values under a name of Python. */
const PLAIN_PYTHON = /^(?:none|bool|str|unicode|bytes|int|long|float|complex|list|tuple|dict)$/;
const PYTHON_TAG = /(?:!!|tag:yaml\.org,2002:|!)python\/(?:object|name|module)[^\s,\]}]{0,200}/;

/** Reads one configuration; the reader itself is in a file of its own. */
export async function readYaml(unit: Unit): Promise<void> {
  const settings = SETTINGS.test(unit.name) || unit.depth > 0;
  if (unit.source.size > MAX_BYTES) {
    if (settings) unit.found(CONFIG_RULES.tooLarge, null, `${String(unit.source.size)} bytes`);
    unit.notChecked('YAML configuration', `more than ${String(MAX_BYTES)} bytes`);
  }
  const text = unit.source.read(0, MAX_BYTES).toString('utf8');
  const code = new CodeMembers(unit);
  const texts = new TextMembers(unit, settings ? 'settings' : 'other');
  const { tags, expanded, fault } = walkYaml(
    text,
    (member) => {
      code.member(member);
      texts.member(member);
      // Of NeMo this is the class of the model; elsewhere it may be anything.
      if (member.path.at(-1) === 'target') code.target(member.path.join('.'), member.value, member.offset, NEMO.test(unit.name) && member.value.includes('.'));
    },
    unit.signal,
  );
  for (const tag of tags) judgeTag(unit, tag, settings);
  if (expanded > MAX_NODES) unit.found(NEMO_RULES.expansion, null, `${expanded >= MAX_EXPANDED ? 'more than ' : ''}${String(expanded)} values`);
  if (fault !== undefined) reportFault(unit, text, fault, settings);
  await judgeKerasYaml(unit, text);
  unit.checked('YAML configuration: targets, tags, aliases, named code, paths, credentials');
}

function judgeTag(unit: Unit, { tag, value, offset }: YamlTag, settings: boolean): void {
  const full = tag.startsWith(STANDARD) ? tag.slice(STANDARD.length) : tag.replace(/^!+/, '');
  if (full.startsWith('python/')) {
    const kind = full.slice('python/'.length);
    if (PLAIN_PYTHON.test(kind)) return;
    const [what = '', name = value] = kind.split(':', 2);
    const calls = /^object\/(?:apply|new)$/.test(what) || rateTarget(name === '' ? value : name).is === 'dangerous';
    unit.found(calls ? NEMO_RULES.pythonTag : NEMO_RULES.unknownTag, offset, full.slice(0, 200));
  } else if (!tag.startsWith(STANDARD) && tag !== '!' && settings) unit.found(NEMO_RULES.unknownTag, offset, tag.slice(0, 200));
}

/** What readers of YAML would refuse is searched as text for the tags that do harm before the fault. */
function reportFault(unit: Unit, text: string, { offset, reason }: { readonly offset: number; readonly reason: string }, settings: boolean): void {
  const tag = PYTHON_TAG.exec(text);
  if (tag !== null) unit.found(NEMO_RULES.pythonTag, Buffer.byteLength(text.slice(0, tag.index)), tag[0]);
  if (settings) unit.found(CONFIG_RULES.broken, offset, reason);
  else unit.notChecked('YAML configuration', 'it is no YAML of the plain kind');
}
