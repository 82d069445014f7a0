import { ageText } from '../../services/registry/gate-faults.ts';
import { modelName } from '../models/registered-fields.ts';
import type { Lineage } from './lineage-shape.ts';

interface Node {
  readonly text: string;
  readonly children: readonly Node[];
}

const leaf = (text: string): Node => ({ text, children: [] });

/** A branch, or nothing where it would be empty. */
function branch(text: string, children: readonly Node[]): readonly Node[] {
  return children.length === 0 ? [] : [{ text, children }];
}

function drawn(nodes: readonly Node[], indent: string): readonly string[] {
  return nodes.flatMap(({ text, children }, at) => {
    const isLast = at === nodes.length - 1;
    return [`${indent}${isLast ? '└─' : '├─'} ${text}`, ...drawn(children, `${indent}${isLast ? '   ' : '│  '}`)];
  });
}

type Relatives = Lineage['ancestors'];

/** The list stands in the order of the tree: what follows at a greater depth belongs to the one before. */
function treeOf(relatives: Relatives, depth = 1): readonly Node[] {
  const nodes: Node[] = [];
  for (const [at, relative] of relatives.entries()) {
    if (relative.depth !== depth) continue;
    const end = relatives.findIndex((other, index) => index > at && other.depth <= depth);
    nodes.push({
      text: `${modelName(relative)}  ${relative.stage}  ${relative.id}`,
      children: treeOf(relatives.slice(at + 1, end === -1 ? undefined : end), depth + 1),
    });
  }
  return nodes;
}

/** A lineage as a tree for people. */
export function lineageLines({ now, model, ancestors, descendants, stages, results, unknown }: Lineage): readonly string[] {
  const ago = (at: string): string => `${at} (${ageText(Date.parse(now) - Date.parse(at))} ago)`;
  const facts = [
    `digest ${model.digest}`,
    `${String(model.files)} ${model.files === 1 ? 'file' : 'files'}, ${String(model.bytes)} bytes, ${model.imported ? 'imported to' : 'at'} ${model.location}`,
    `registered ${ago(model.registeredAt)} by ${model.registeredBy}; owner ${model.owner}`,
    ...(model.signature === null ? [] : [`signed by ${model.signature.signer} (${model.signature.mode}); bundle ${model.signature.sha256}`]),
    ...(model.licence === null ? [] : [`licence ${model.licence}`]),
    ...(model.trainingRun === null ? [] : [`training run ${model.trainingRun}`]),
  ];
  const nodes = [
    ...facts.map(leaf),
    ...branch('data sets', model.datasets.map(leaf)),
    ...branch('made from', treeOf(ancestors)),
    ...branch('made into', treeOf(descendants)),
    ...branch(
      'stages',
      stages.map(({ to, by, at, reason, runId }) => leaf(`${to}  ${ago(at)} by ${by}, ${runId}${reason === null ? '' : `: ${reason}`}`)),
    ),
    ...branch(
      'found',
      results.map(({ gate, verdict, at, summary, runId }) => leaf(`${gate}  ${verdict}  ${ago(at)}, ${runId}: ${summary}`)),
    ),
    ...branch('not known', unknown.map(leaf)),
  ];
  return [`${modelName(model)}  ${model.stage}  ${model.id}`, ...drawn(nodes, '')];
}
