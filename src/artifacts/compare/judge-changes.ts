import type { ChangedTensor, ComparisonFinding } from './comparison.ts';
import * as rules from './compare-rules.ts';
import type { ModelTensor } from './model-tensors.ts';
import type { Rule } from '../findings/rule.ts';
import { median } from '../weights/robust.ts';

/** Up to this part of the tensors are few. */
const FEW = 0.5;
/** In this many layers a role was changed by one training or one merged adapter. */
const MIN_LAYERS = 4;
const COVERED = 0.8;
/** A difference of at most this part of the elements was not made by training. */
const SPARSE = 0.01;
const MIN_OUTLIERS_AMONG = 5;
/** A relative change beyond this leaves little of what was there. */
const REPLACED = 0.5;
/** Two trainings that have nothing to do with each other differ by 1.4, the root of two. */
const UNRELATED = 0.7;

/** Whether the versions have so little in common that the difference says nothing about a change: the weights of another training. */
export function areUnrelated(compared: number, changed: readonly ChangedTensor[]): boolean {
  const matrices = changed.filter(({ shape }) => shape.length > 1);
  return matrices.length > 0 && changed.length > FEW * compared && median(matrices.map(({ relative }) => relative)) >= UNRELATED;
}

/**
 * Judges which tensors changed and how. All of them slightly: a fine-tuning. A few of them in few directions, or a single one that stands
 * out among all: suspicious, with the figures.
 */
export function judgeChanges(tensors: readonly ModelTensor[], changed: readonly ChangedTensor[]): ComparisonFinding[] {
  if (changed.length === 0) return [];
  const places = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const finding = (rule: Rule, tensor: ChangedTensor, why: string): ComparisonFinding => {
    const place = places.get(tensor.name);
    return { rule, path: place?.path ?? null, offset: place?.offset ?? null, detail: `${describe(tensor)}; ${why}` };
  };
  if (areUnrelated(tensors.length, changed)) return [];
  if (changed.length > FEW * tensors.length) return outliers(changed, finding);
  const map = `${String(changed.length)} of ${String(tensors.length)} tensors changed`;
  const roles = new Roles(tensors, changed);
  const concentrated = changed.filter((tensor) => !roles.covered(tensor) && (isConcentrated(tensor) || isSparse(tensor)));
  const isolated = changed.filter((tensor) => !concentrated.includes(tensor) && roles.isolated(tensor));
  return [
    ...concentrated.map((tensor) => finding(rules.COMPARE_CONCENTRATED, tensor, map)),
    ...isolated.map((tensor) => finding(rules.COMPARE_ISOLATED, tensor, map)),
  ];
}

type MakeFinding = (rule: Rule, tensor: ChangedTensor, why: string) => ComparisonFinding;

/** Half way between chance and all, and nine tenths at least. */
function isConcentrated({ concentration }: ChangedTensor): boolean {
  if (concentration === null) return false;
  const { first, firstByChance, four, fourByChance } = concentration;
  return (four >= 0.9 && four >= (1 + fourByChance) / 2) || (first >= 0.8 && first >= (1 + firstByChance) / 2);
}

function isSparse({ changed, elements, shape }: ChangedTensor): boolean {
  return shape.length > 0 && elements >= 64 && changed <= Math.max(1, SPARSE * elements);
}

function outliers(changed: readonly ChangedTensor[], finding: MakeFinding): ComparisonFinding[] {
  const matrices = changed.filter((tensor) => tensor.concentration !== null);
  if (matrices.length < MIN_OUTLIERS_AMONG) return [];
  const shares = median(matrices.map(({ concentration }) => concentration?.first ?? 0));
  const norms = median(matrices.map(({ relative }) => relative));
  const strange = matrices.flatMap((tensor) => {
    const { first = 0, firstByChance = 1 } = tensor.concentration ?? {};
    if (first >= 0.5 && first >= 2.5 * shares && first >= 2 * firstByChance)
      return [finding(rules.COMPARE_OUTLIER, tensor, `the median of the first share is ${percent(shares)}`)];
    return norms > 0 && tensor.relative > 10 * norms ? [finding(rules.COMPARE_OUTLIER, tensor, `the median of the relative change is ${figure(norms)}`)] : [];
  });
  // Where many stand out, none does.
  return strange.length <= Math.max(1, matrices.length / 3) ? strange : [];
}

/** Tensors of one kind, layer by layer: the names are the same but for their numbers. */
class Roles {
  private readonly members: Map<string, readonly ModelTensor[]>;
  private readonly changedNames: ReadonlySet<string>;

  constructor(tensors: readonly ModelTensor[], changed: readonly ChangedTensor[]) {
    this.members = Map.groupBy(tensors, ({ name }) => roleOf(name));
    this.changedNames = new Set(changed.map(({ name }) => name));
  }

  /** Whether nearly all layers of its role changed, as a training of that role or an adapter merged into it does. */
  covered({ name }: ChangedTensor): boolean {
    const members = this.members.get(roleOf(name)) ?? [];
    return members.length >= MIN_LAYERS && this.count(members) >= COVERED * members.length;
  }

  /** Whether some layers of its role changed that are not the last ones; the last one too where it was replaced, or nothing else changed. */
  isolated({ name, relative }: ChangedTensor): boolean {
    const members = [...(this.members.get(roleOf(name)) ?? [])].sort((a, b) => layerOf(a.name) - layerOf(b.name));
    const count = this.count(members);
    const last = members.slice(-count).every((member) => this.changedNames.has(member.name));
    return members.length >= 3 && count < members.length / 2 && (!last || relative > REPLACED || this.changedNames.size === 1);
  }

  private count(members: readonly ModelTensor[]): number {
    return members.filter(({ name }) => this.changedNames.has(name)).length;
  }
}

function roleOf(name: string): string {
  return name.replace(/\d+/g, '#');
}

function layerOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}

function describe({ name, relative, changed, elements, concentration }: ChangedTensor): string {
  const spectrum =
    concentration === null
      ? ''
      : `, ${percent(concentration.first)} of it in one direction and ${percent(concentration.four)} in four (by chance at most ${percent(concentration.firstByChance)} and ${percent(concentration.fourByChance)})`;
  return `"${name.slice(0, 120)}": relative change ${figure(relative)} in ${String(changed)} of ${String(elements)} values${spectrum}`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : 'from zero';
}
