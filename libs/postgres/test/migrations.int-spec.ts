import { expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import { added, openShop, type OpenShop } from './support/shop.js';

const levels = { subscription: 'levels v1', source: 'shop' };

test('a log of the first version is brought to the newest beside a service at work, and keeps its checkpoints', async () => {
  const shop = await openShop();
  try {
    await backToFirst(shop);
    const { position } = await shop.database.events.append({ stream: 'item-1', events: [added()], expected: 'none' });
    await shop.admin`INSERT INTO logfold.checkpoints (subscription, source, partition, position)
                     VALUES ('levels v1', 'shop', 0, ${String(position)})`;
    const newer = shop.another();
    let migrating: Promise<void> | undefined;
    await shop.database.transactions.run(async (tx) => {
      await tx`UPDATE logfold.checkpoints SET position = position`; // a batch that is being handled
      migrating = newer.open();
      await eventually(async () =>
        expect(
          await shop.admin`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        ).toHaveLength(1),
      );
    });
    await migrating;
    expect(await newer.checkpoints.load(levels, [0])).toEqual(new Map([[0, { position }]]));
    const types = await shop.admin`SELECT category, type, schema_version FROM logfold.event_types`;
    expect(types).toEqual([{ category: 'item', type: 'Added', schema_version: 1 }]);
    expect(await newer.relayMarks.load()).toEqual({ position: 0n, tails: new Map() });
    for await (const { events } of newer.events.readPublished({ after: 0n }))
      expect(events.map(({ stream }) => stream)).toEqual(['item-1']);
  } finally {
    await shop.close();
  }
});

/** Takes away what the later migrations made. */
async function backToFirst({ admin }: OpenShop): Promise<void> {
  await admin.unsafe(`
    DROP TABLE logfold.state_noted, logfold.state_keys;
    DROP TABLE logfold.topics, logfold.relay, logfold.parked, logfold.parked_requests;
    DROP TABLE logfold.rebuilds;
    ALTER TABLE logfold.read_models DROP COLUMN fed, DROP COLUMN current, DROP COLUMN parts, DROP COLUMN state;
    DROP TABLE logfold.commands, logfold.snapshots, logfold.event_types, logfold.timers;
    DROP TABLE logfold.windows, logfold.watermarks, logfold.settled;
    DROP FUNCTION logfold.published;
    DROP INDEX logfold.process_starts;
    ALTER TABLE logfold.checkpoints DROP COLUMN hint, DROP COLUMN event_id, DROP COLUMN log_id;
    DELETE FROM logfold.migrations WHERE number > 1;`);
}
