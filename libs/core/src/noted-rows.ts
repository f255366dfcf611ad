import type { Clock } from './clock.js';
import type { Database } from './database.js';
import { CheckpointMoved } from './errors.js';
import { ReadModelTablesChanged } from './read-model-errors.js';
import { registryOf } from './events.js';
import { failpoint } from './failpoint.js';
import type { ReadModel } from './read-model.js';
import { pick } from './read-model-fold.js';
import { recordKey, type RowState } from './state.js';
import { appendRows } from './state-publishing.js';
import type { Beside } from './subscription.js';
import { subscriptionName } from './subscription-name.js';

/** Keys that a switch has noted, published in one transaction. */
const NOTED = 500;

/** Between two looks for keys that a switch has noted. */
const LOOK_MS = 500;

/**
 * Publishes the rows whose keys a switch has noted, a few hundred in a transaction: each as it is then. The checkpoints
 * are held meanwhile, so no batch can commit between the look at a row and its place in the log.
 * @returns whether there may be more
 * @throws CheckpointMoved when another process handles a batch
 */
export async function publishNoted<Tx>(model: ReadModel, database: Database<Tx>): Promise<boolean> {
  const { checkpoints, transactions, readModels, events } = database;
  const subscription = subscriptionName(model);
  const { rowKey } = registryOf(model.publish!);
  const all = (await checkpoints.list()).filter((each) => each.subscription === subscription);
  const noted = await transactions.run(async (tx) => {
    const keys = await readModels.takeNoted(tx, model, NOTED);
    if (keys.length === 0) return 0;
    for (const { source, partition, position } of all)
      if (!(await checkpoints.move(tx, { subscription, source }, [{ partition, from: position, to: { position } }])))
        throw new CheckpointMoved(subscription, position);
    if (!(await readModels.isCurrent(tx, model))) throw new ReadModelTablesChanged(model.name); // looked at before the hold
    const wanted = new Map(keys.map((key) => [recordKey(key), key]));
    const rows = new Map(
      (await readModels.load(tx, model, [...wanted.values()])).map((row) => [recordKey(pick(row, rowKey!)), row]),
    );
    const states = [...wanted].map(([text, key]): RowState => ({ key, row: rows.get(text) ?? null }));
    await appendRows(model, states, events, tx);
    await failpoint('publish.mid-noted');
    return keys.length;
  });
  if (noted > 0) await failpoint('publish.after-noted');
  return noted === NOTED;
}

/** Publishes what switches note, for as long as the signal allows. */
export async function publishNotedRows<Tx>(
  model: ReadModel,
  database: Database<Tx>,
  clock: Clock,
  { signal, still }: Beside,
): Promise<void> {
  while (!signal.aborted) {
    while (!signal.aborted && (await still(() => publishNoted(model, database))));
    await clock.sleep(LOOK_MS, signal);
  }
}
