import { requireBetween, requireCount } from './checked-numbers.ts';
import { binomialUpperTail } from './incomplete-beta.ts';
import { normalQuantile } from './normal.ts';

/** p of the two-sided exact McNemar test: items that only the first (b) and only the second (c) passed; 1 without any. */
export function mcnemarTwoSided(b: number, c: number): number {
  requireCount('b', b);
  requireCount('c', c);
  return b === c ? 1 : Math.min(1, 2 * binomialUpperTail(Math.max(b, c), b + c, 0.5));
}

/** p of the one-sided exact McNemar test for c > b: P(X >= c), X binomial with b + c trials of 1/2. */
export function mcnemarOneSided(b: number, c: number): number {
  requireCount('b', b);
  requireCount('c', c);
  return binomialUpperTail(c, b + c, 0.5);
}

/** The design of a one-sided test: error of the first kind and power. */
export interface TestDesign {
  readonly alpha: number;
  readonly power: number;
}

export const USUAL_DESIGN: TestDesign = { alpha: 0.05, power: 0.8 };

/** Quantiles as the tables of sample sizes print them: four decimals decide which whole number comes out. */
export function designQuantiles({ alpha, power }: TestDesign): readonly [number, number] {
  requireBetween('alpha', alpha, 1e-12, 0.5);
  requireBetween('power', power, 0.5, 1 - 1e-12);
  if (alpha === USUAL_DESIGN.alpha && power === USUAL_DESIGN.power) return [1.645, 0.8416];
  return [normalQuantile(1 - alpha), normalQuantile(power)];
}

/** Items that McNemar's test needs to see a drop when a share `discordance` of the items differs (O. Miettinen 1968); 0 < drop <= discordance <= 1. */
export function mcnemarItems(drop: number, discordance: number, design = USUAL_DESIGN): number {
  requireBetween('discordance', discordance, 1e-9, 1);
  requireBetween('drop', drop, 1e-9, discordance);
  const [alpha, power] = designQuantiles(design);
  return Math.ceil(((alpha * Math.sqrt(discordance) + power * Math.sqrt(Math.max(0, discordance - drop * drop))) / drop) ** 2);
}

/** The smallest drop that so many items show with this power, by inverting the formula of `mcnemarItems`; null when not even a drop of all discordant items would do. */
export function minimumDetectableDrop(items: number, discordance: number, design = USUAL_DESIGN): number | null {
  requireCount('items', items, 1);
  requireBetween('discordance', discordance, 0, 1);
  if (discordance < 1e-9 || mcnemarItems(discordance, discordance, design) > items) return null;
  let low = 1e-9;
  let high = discordance;
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (mcnemarItems(middle, discordance, design) <= items) high = middle;
    else low = middle;
  }
  return high;
}
