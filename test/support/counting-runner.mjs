// A service in a process of its own, for tests that kill and freeze it: folds the log of "shop" into the totals.
// Arguments: the database's URL, the lease's time in ms, and maybe the planted bug "no-compare-and-set".
import { logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { Totals } from './totals.mjs';

const [url, leaseTtlMs, plant] = process.argv.slice(2);
const database = postgresDatabase({ service: 'shop', url });

/** The planted bug: the checkpoint is written whoever moved it meanwhile. */
const withoutCompareAndSet = {
  load: (key, partitions) => database.checkpoints.load(key, partitions),
  begin: (key, checkpoints) => database.checkpoints.begin(key, checkpoints),
  list: () => database.checkpoints.list(),
  async move(tx, { subscription, source }, moves) {
    for (const { partition, to } of moves)
      await tx`UPDATE logfold.checkpoints SET position = ${to.position}
                WHERE subscription = ${subscription} AND source = ${source} AND partition = ${partition}`;
    return true;
  },
};

const service = logfold({
  database: plant === 'no-compare-and-set' ? { ...database, checkpoints: withoutCompareAndSet } : database,
  definitions: [Totals],
  leaseTtlMs: Number(leaseTtlMs),
  runner: { onError: (error) => console.log(error.code ?? error.message) },
});
await service.start();
console.log('started');
process.on('SIGTERM', () => void service.stop());
