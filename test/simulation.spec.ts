import { describe, expect, test } from '@jest/globals';
import { simulate } from './support/simulation/world.js';

// SEED=17 runs that seed alone; SEEDS=10000 so many from FIRST (1 unless given) on.
const { SEED, SEEDS = '200', FIRST = '1' } = process.env;
const first = Number(SEED ?? FIRST);
const last = SEED === undefined ? first + Number(SEEDS) - 1 : first;

describe('A relay and its readers in a simulated world', () => {
  test(
    `lose, double and swap nothing, whatever dies, freezes or fails (seeds ${first} to ${last})`,
    async () => {
      for (let seed = first; seed <= last; seed++)
        expect({ seed, wrong: (await simulate(seed)).map(({ text }) => text).slice(0, 5) }).toEqual({
          seed,
          wrong: [],
        });
    },
    30_000 + (last - first) * 500,
  );
});
