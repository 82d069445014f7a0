/** Throws a RangeError that names the argument when a value is not a finite number or the sample is smaller than `atLeast`. */
export function requireSample(name: string, values: readonly number[], atLeast = 1): void {
  if (values.length < atLeast) throw new RangeError(`${name} has ${String(values.length)} values, needs at least ${String(atLeast)}`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`${name}[${String(bad)}] is ${String(values[bad])}, not a finite number`);
}

/** Throws a RangeError that names the argument unless low <= value <= high. NaN never is. */
export function requireBetween(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) throw new RangeError(`${name} is ${String(value)}, must lie between ${String(low)} and ${String(high)}`);
}

/** Throws a RangeError that names the argument unless it is an integer of at least `low` that a number holds exactly. */
export function requireCount(name: string, value: number, low = 0): void {
  if (!Number.isSafeInteger(value) || value < low) throw new RangeError(`${name} is ${String(value)}, must be an integer of at least ${String(low)}`);
}
