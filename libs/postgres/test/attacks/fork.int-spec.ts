import { expect, test } from '@jest/globals';
import { DatabaseUnavailable } from '@logfold/core';
import { added, openShop, storedEvents, type OpenShop } from '../support/shop.js';

const WRITERS = 8;
const FORKS = 12;

test('a log that is forked beside eight writers loses no event, keeps the order of each stream, and draws no position twice', async () => {
  const shop = await openShop();
  try {
    let forking = true;
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(shop, `item-${writer}`, () => forking));
    const ranges: { shared: bigint; behind: bigint }[] = [];
    while (ranges.length < FORKS) {
      const shared = await shop.database.events.end();
      const behind = shared + 20n; // about what is drawn meanwhile
      try {
        await shop.database.fork({ shared, behind });
        ranges.push({ shared, behind });
      } catch (error) {
        expect(error).toBeInstanceOf(DatabaseUnavailable);
      }
    }
    forking = false;
    const written = await Promise.all(writers);
    const stored = await storedEvents(shop.admin);
    for (const { shared, behind } of ranges)
      expect(stored.filter(({ position }) => position > shared && position <= behind)).toEqual([]);
    for (const [writer, count] of written.entries())
      expect(stored.filter(({ stream }) => stream === `item-${writer}`).map(({ version }) => version)).toEqual(
        Array.from({ length: count }, (_, n) => n + 1),
      );
    expect(await shop.database.events.identity()).toMatchObject({ epoch: 1 + FORKS });
  } finally {
    await shop.close();
  }
});

/** Appends one event after another, every other one in a transaction. @returns how many were acknowledged. */
async function write({ database }: OpenShop, stream: string, going: () => boolean): Promise<number> {
  let version = 0;
  while (going()) {
    const append = { stream, events: [added()], expected: version };
    if (version % 2) await database.events.append(append);
    else await database.transactions.run((tx) => database.events.append(append, { tx }));
    version++;
  }
  return version;
}
