interface Corner {
  readonly point: readonly number[];
  readonly value: number;
}

const LARGEST_STEPS = 4000;

/**
 * Minimum of a smooth function of a few variables without derivatives (J. Nelder, R. Mead 1965), started again from its own
 * answer until that no longer moves. Infinity stands for "not allowed". Deterministic; at most 4,000 steps a start.
 */
export function minimize(loss: (point: readonly number[]) => number, start: readonly number[], size: number): readonly number[] {
  let best: Corner = { point: start, value: loss(start) };
  for (let restart = 0; restart < 5; restart += 1) {
    const found = search(loss, best.point, restart === 0 ? size : size / 10);
    const gain = best.value - found.value;
    if (found.value <= best.value) best = found;
    if (restart > 0 && !(gain > 1e-10 * (1 + Math.abs(best.value)))) break;
  }
  return best.point;
}

function search(loss: (point: readonly number[]) => number, start: readonly number[], size: number): Corner {
  const corner = (point: readonly number[]): Corner => ({ point, value: loss(point) });
  const corners = [corner(start), ...start.map((_x, i) => corner(start.map((x, j) => (i === j ? x + size : x))))];
  for (let step = 0; step < LARGEST_STEPS; step += 1) {
    corners.sort((a, b) => a.value - b.value);
    const [best, worst, second] = [corners[0], corners.at(-1), corners.at(-2)] as [Corner, Corner, Corner];
    if (hasCollapsed(corners, best, worst)) break;
    const others = corners.slice(0, -1);
    const center = start.map((_x, j) => others.reduce((sum, { point }) => sum + (point[j] ?? 0), 0) / others.length);
    const along = (factor: number): Corner => corner(center.map((x, j) => x + factor * (x - (worst.point[j] ?? 0))));
    const reflected = along(1);
    if (reflected.value < best.value) {
      const further = along(2);
      corners[corners.length - 1] = further.value < reflected.value ? further : reflected;
      continue;
    }
    const next = reflected.value < second.value ? reflected : along(reflected.value < worst.value ? 0.5 : -0.5);
    if (next.value < worst.value) corners[corners.length - 1] = next;
    else shrink(corners, best, corner);
  }
  return corners.reduce((a, b) => (b.value < a.value ? b : a));
}

function shrink(corners: Corner[], best: Corner, corner: (point: readonly number[]) => Corner): void {
  corners.forEach(({ point }, i) => {
    if (i > 0) corners[i] = corner(point.map((x, j) => (x + (best.point[j] ?? 0)) / 2));
  });
}

function hasCollapsed(corners: readonly Corner[], best: Corner, worst: Corner): boolean {
  const width = Math.max(...corners.map(({ point }) => Math.max(...point.map((x, j) => Math.abs(x - (best.point[j] ?? 0))))));
  return width < 1e-7 && Math.abs(worst.value - best.value) <= 1e-12 * (1 + Math.abs(best.value));
}
