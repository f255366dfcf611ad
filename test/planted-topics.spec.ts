import { describe, expect, test } from '@jest/globals';
import { Chain, type Checkpoints } from '@logfold/core';
import type { MemoryTx } from '@logfold/testing';
import { keptProducer, tailsBeforeFence, withoutTails } from './support/simulation/careless-publisher.js';
import { carelessSource, type Carelessness } from './support/simulation/careless-source.js';
import { simulate, type Plant } from './support/simulation/world.js';

/** So many seeds find each of these bugs many times over; most show it within ten. */
const SEEDS = 1_000;
const LONG_MS = 120_000;

const reading = (carelessness: Carelessness): Plant => ({
  source: (_, broker, topic) => carelessSource(broker, topic, carelessness),
});

describe('The simulated world finds nothing wrong with', () => {
  test(
    'a careful reader whose client leaks aborted records',
    async () => {
      for (let seed = 1; seed <= SEEDS / 10; seed++)
        expect({ seed, wrong: await wrongWith(seed, reading({})) }).toEqual({ seed, wrong: [] });
    },
    LONG_MS,
  );
});

describe('The simulated world finds', () => {
  test.each<[string, RegExp, Plant]>([
    ['a relay that starts from its mark, not from the tails', /I3 duplicate/, { publisher: withoutTails }],
    [
      'a relay that reads the tails before it ends the sessions before',
      /I3 duplicate/,
      { publisher: tailsBeforeFence },
    ],
    [
      'a relay that goes on with a session after an error',
      /I3 duplicate/,
      { publisher: (_, broker) => keptProducer(broker, { aborts: false }) },
    ],
    [
      'a relay that sends EndTxn(abort) and takes it for the outcome',
      /I3 duplicate/,
      { publisher: (_, broker) => keptProducer(broker, { aborts: true }) },
    ],
    [
      'a reader that takes whatever lies behind its checkpoint, without looking at what it follows',
      /I7 poll-skip|I10 unseen in hear/,
      reading({ chain: (checkpoint) => new PositionAlone(checkpoint) }),
    ],
    [
      'a reader that takes the last stable offset for the end, and what is missing there for lost',
      /is broken/,
      reading({ endsWithStable: true }),
    ],
    ['a reader that goes back instead of stepping over', /I10 unseen in hear/, reading({ goesBack: true })],
    ['a checkpoint that is moved without comparing', /I6 duplicate/, { echo: withoutComparing }],
  ])(
    '%s',
    async (_, expected, plant) => {
      let found: readonly string[] = [];
      let seed = 0;
      while (found.length === 0 && seed < SEEDS) found = await wrongWith(++seed, plant);
      expect(found.join('\n')).toMatch(expected);
      expect(nameless(await wrongWith(seed, plant))).toEqual(nameless(found)); // a seed shows it again
      expect(await wrongWith(seed)).toEqual([]); // the same world without the bug
    },
    LONG_MS,
  );
});

async function wrongWith(seed: number, plant: Plant = {}): Promise<readonly string[]> {
  return (await simulate(seed, plant)).map(({ text }) => text);
}

/** Ids are made anew each time. */
function nameless(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replaceAll(/[0-9a-f-]{36}/g, 'some id'));
}

/** Accepts by `position > checkpoint`. */
class PositionAlone extends Chain {
  override offer(link: Parameters<Chain['offer']>[0], offset: bigint): ReturnType<Chain['offer']> {
    return super.offer({ ...link, previous: 0n }, offset);
  }
}

/** Moves every checkpoint from wherever it is. */
function withoutComparing<D extends { readonly checkpoints: Checkpoints<MemoryTx> }>(database: D): D {
  const { checkpoints } = database;
  return {
    ...database,
    checkpoints: {
      load: (key, partitions) => checkpoints.load(key, partitions),
      begin: (key, begun) => checkpoints.begin(key, begun),
      list: () => checkpoints.list(),
      async move(tx, key, moves) {
        const now = await checkpoints.load(
          key,
          moves.map(({ partition }) => partition),
        );
        await checkpoints.move(
          tx,
          key,
          moves.map((move) => ({ ...move, from: now.get(move.partition)!.position })),
        );
        return true;
      },
    } satisfies Checkpoints<MemoryTx>,
  };
}
