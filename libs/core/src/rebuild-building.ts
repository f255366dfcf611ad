import type { Move } from './checkpoint.js';
import { CheckpointMoved } from './errors.js';
import { failpoint } from './failpoint.js';
import { ReadModelKeysParked } from './read-model-errors.js';
import { subscriptionName } from './subscription-name.js';
import type { Rebuild } from './rebuild.js';
import { RebuildMeter } from './rebuild-meter.js';
import { isFed, replayAll, type Filling, type RebuildParts, type ReplayOptions, type Way } from './rebuild-replay.js';
import { ReplayedRows } from './replayed-rows.js';
import { sqlFilling } from './sql-filling.js';

/** Events that a model in SQL is given at once. */
const SQL_BATCH = 5_000;

/**
 * Folds everything from the beginning into an empty new table, then lets the table follow the checkpoint of the read
 * model's version. Cleanly begun anew after a crash: nothing counts before `attach`.
 * @throws RebuildOvertaken, DatabaseUnavailable, both retryable: begin anew; ReadModelKeysParked; what `evolve` throws
 */
export async function build<Tx>(
  parts: RebuildParts<Tx>,
  rebuild: Rebuild,
  { still, signal }: Pick<ReplayOptions, 'still' | 'signal'>,
): Promise<void> {
  const { model, database, clock, sources } = parts;
  for (const source of sources) await refuseParked(parts, source.name, [...(await source.ends(signal)).keys()]);
  await database.rebuildTables.create(rebuild, model);
  await failpoint('rebuild.after-create');
  const filling = fillingOf(parts, rebuild);
  const meter = new RebuildMeter(database.rebuilds, rebuild, clock);
  const attached = await replayAll(parts, filling, {
    still,
    signal,
    onFolded: (events, done) => meter.folded(events, done, filling.size),
    finish: (ways, tx) => attach(parts, rebuild, ways, tx),
  });
  if (attached) await failpoint('rebuild.after-attach');
  if (!signal.aborted) await meter.over(filling.size);
}

function fillingOf<Tx>({ model, database, catalog, memoryBytes }: RebuildParts<Tx>, rebuild: Rebuild): Filling {
  const { rebuildTables, readModels } = database;
  if (model.kind === 'sql read model')
    return sqlFilling([SQL_BATCH], (events) =>
      rebuildTables.within(rebuild, (tx) => model.apply(tx, events, readModels.names(model, 'new'))),
    );
  return new ReplayedRows(model, catalog, memoryBytes, {
    load: (keys) => rebuildTables.load(rebuild, model, keys),
    put: (changes) => rebuildTables.put(rebuild, model, changes),
  });
}

/** The new table has everything up to the checkpoints and moves with them from now on; false when one was moved meanwhile. */
async function attach<Tx>(
  parts: RebuildParts<Tx>,
  rebuild: Rebuild,
  ways: readonly Way[],
  holding: Tx | undefined,
): Promise<boolean> {
  const { model, database } = parts;
  const { checkpoints, transactions, rebuildTables } = database;
  const within = (work: (tx: Tx) => Promise<void>): Promise<void> =>
    holding === undefined ? transactions.run(work) : work(holding);
  const subscription = subscriptionName(model);
  const steps: { readonly source: string; readonly moves: readonly Move[] }[] = [];
  for (const { source, reached } of ways) {
    const key = { subscription, source: source.name };
    await checkpoints.begin(key, new Map([...reached.keys()].map((partition) => [partition, { position: 0n }])));
    const now = await checkpoints.load(key, [...reached.keys()]);
    await refuseParked(parts, source.name, [...reached.keys()]); // behind the checkpoints: what is parked later moves one of them
    const moves = [...reached].map(([partition, to]) => ({ partition, from: now.get(partition)!.position, to }));
    steps.push({ source: source.name, moves });
  }
  const wasMoved = steps.some(({ moves }) => moves.some(({ from, to }) => from !== to.position));
  if (wasMoved && (await isFed(database, model))) return false;
  try {
    await within(async (tx) => {
      for (const { source, moves } of steps)
        if (!(await checkpoints.move(tx, { subscription, source }, moves)))
          throw new CheckpointMoved(subscription, moves[0]!.from);
      await rebuildTables.attach(tx, rebuild, model);
      await failpoint('rebuild.before-attach');
    });
  } catch (error) {
    if (error instanceof CheckpointMoved) return false;
    throw error;
  }
  return true;
}

/** The tables of a version share what is parked: one that was made from the log has it already. */
async function refuseParked<Tx>(
  { model, database }: RebuildParts<Tx>,
  source: string,
  partitions: readonly number[],
): Promise<void> {
  const subscription = subscriptionName(model);
  const keys = await database.parked.keys({ subscription, source }, partitions);
  if (keys.size > 0) throw new ReadModelKeysParked(model.name, subscription, [...keys]);
}
