/** How long to wait before the n-th attempt. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: a random delay between zero and `firstMs * 2^attempt`, at most `maxMs`.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 * @param attempt 0 for the first retry.
 * @param random a number in [0, 1), as Math.random gives it.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random() * ceiling);
}
