/** The limits of `eventually`. */
export interface EventuallyOptions {
  /** 10,000 unless given. */
  readonly timeoutMs?: number;
}

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/**
 * Calls the assertion again and again until it no longer throws, and gives back what it returned.
 * @throws the assertion's last error when it still fails after `timeoutMs`.
 * @example await eventually(async () => expect(await levels.find({ sku: 'tea' })).toMatchObject({ onHand: 3 }));
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 10_000 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await assertion();
    } catch (error) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    }
  }
}
