import type { VirtualClock } from '@logfold/testing';

/** Numbers from 0 to 1, the same for the same seed. Source: mulberry32, github.com/bryc/code/blob/master/jshash/PRNGs.md */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Runs a simulated world with what it draws, and the delays of its loops, as the seed has them. Errors are made without
 * stacks meanwhile: there are many, nobody looks at them, and they took a tenth of the time.
 * @param work is given what draws a whole number from 0 to below a limit
 */
export async function reproducibly<T>(
  seed: number,
  work: (below: (limit: number) => number) => Promise<T>,
): Promise<T> {
  const { random } = Math;
  const { stackTraceLimit } = Error;
  const draw = seeded(seed);
  Math.random = seeded(seed + 1); // of which delays are made
  Error.stackTraceLimit = 0;
  try {
    return await work((limit) => Math.floor(draw() * limit));
  } finally {
    Math.random = random;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Lets time pass until all of these have resolved. */
export async function untilDone(clock: VirtualClock, work: readonly Promise<unknown>[]): Promise<void> {
  let done = false;
  const all = Promise.all(work).finally(() => (done = true));
  for (let turn = 0; !done && turn < 1_000; turn++) await clock.advance(20);
  await all;
}
