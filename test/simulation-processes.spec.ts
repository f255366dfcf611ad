import { describe, expect, test } from '@jest/globals';
import { simulateProcesses } from './support/simulation/processes.js';

// SEED=17 runs that seed alone; SEEDS=10000 so many from FIRST (1 unless given) on.
const { SEED, SEEDS = '60', FIRST = '1' } = process.env;
const first = Number(SEED ?? FIRST);
const last = SEED === undefined ? first + Number(SEEDS) - 1 : first;

describe('Process managers in a simulated world', () => {
  test(
    `end once, and every piece is somewhere, whatever dies or freezes (seeds ${first} to ${last})`,
    async () => {
      for (let seed = first; seed <= last; seed++)
        expect({ seed, wrong: (await simulateProcesses(seed)).slice(0, 5) }).toEqual({ seed, wrong: [] });
    },
    30_000 + (last - first) * 500,
  );
});
