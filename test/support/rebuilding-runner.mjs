// A service in a process of its own, for tests that kill and freeze it while it rebuilds: folds the log of "shop" into one
// version of the totals, and notes each event in the table "logfold.effects" once. Arguments: the database's URL, the lease's time
// in ms, the version.
import { logfold, reaction } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { ShopEvents, totals } from './totals.mjs';

const [url, leaseTtlMs, version] = process.argv.slice(2);

const Effects = reaction({
  name: 'effects',
  from: [ShopEvents],
  startFrom: 'beginning',
  on: { Added: async ({ id }, { tx }) => void (await tx`INSERT INTO logfold.effects (id) VALUES (${id})`) },
});

const service = logfold({
  database: postgresDatabase({ service: 'shop', url }),
  definitions: [totals(Number(version)), Effects],
  leaseTtlMs: Number(leaseTtlMs),
  rebuildMemoryBytes: 5_000, // so that most rows go to the table before the end, and come back
  runner: { onError: (error) => console.log(error.code ?? error.message) },
});
await service.start();
console.log('started');
process.on('SIGTERM', () => void service.stop());
