import { DatabaseUnavailable } from './errors.js';
import { subscriptionName } from './subscription-name.js';
import type { Comparison, Rebuild } from './rebuild.js';
import { replayAll, type RebuildParts, type ReplayOptions } from './rebuild-replay.js';
import { sqlFilling } from './sql-filling.js';
import type { SqlReadModel } from './sql-read-model.js';

/** Other numbers than that of a build, small ones among them: a short log shows too what depends on the batches. */
const BATCHES = [1, 97, 1_777];

/**
 * Compares the new tables of a model in SQL with what comes out when the log is applied a second time, in other batches, up
 * to the same checkpoints; the feeding stands still while the last events are applied and the tables compared.
 */
export async function compareWithSecondRun<Tx>(
  parts: RebuildParts<Tx, SqlReadModel>,
  rebuild: Rebuild,
  { still, signal }: Pick<ReplayOptions, 'still' | 'signal'>,
): Promise<Comparison> {
  const { model, database } = parts;
  const { rebuildTables, readModels } = database;
  await rebuildTables.create(rebuild, model, 'check');
  const filling = sqlFilling(BATCHES, (events) =>
    rebuildTables.within(rebuild, (tx) => model.apply(tx, events, readModels.names(model, 'check'))),
  );
  const sum = { rows: 0, different: 0, examples: [] as Comparison['examples'][number][] };
  const finished = await replayAll(parts, filling, {
    still,
    signal,
    onFolded: async () => {},
    finish: () =>
      rebuildTables.examine(model, async (view) => {
        for (const part of Object.keys(model.tables)) {
          const found = await view.compare(
            { version: model.version, table: 'check', part },
            { except: [], without: [] },
          );
          if (!found) continue;
          sum.rows += found.rows;
          sum.different += found.different;
          sum.examples.push(...found.examples.map(({ key, ...rest }) => ({ key: { table: part, ...key }, ...rest })));
        }
        return true;
      }),
  });
  if (!finished && !signal.aborted)
    throw new DatabaseUnavailable(`"${subscriptionName(model)}" moves faster than the log can be applied: try again`);
  return { with: 'a second run over the log', ...sum };
}
