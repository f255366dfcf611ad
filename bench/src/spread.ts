/** What repeated measurements of one thing gave. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param values at least one. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return { median: middle, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The value that a share of all values does not exceed, such as 0.99; NaN for no values. */
export function percentile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

/** One number for each of two lists, side by side. */
export function divided(some: readonly number[], by: readonly number[]): number[] {
  return some.map((value, index) => value / by[index]!);
}
