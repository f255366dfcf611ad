import { isDeepStrictEqual } from 'node:util';
import type { Checkpoint } from './checkpoint.js';
import { isParkedRow } from './partitioned.js';
import { pick, touchedKeys } from './read-model-fold.js';
import { readUpTo } from './read-up-to.js';
import { subscriptionName } from './subscription-name.js';
import type { ReadModel } from './read-model.js';
import type { Comparison, RowDifference } from './rebuild.js';
import { endsWithin, type RebuildParts } from './rebuild-replay.js';
import type { TablesView } from './rebuild-tables.js';
import type { SqlReadModel } from './sql-read-model.js';

/** Rows that may be left out because two versions have not got equally far. */
const LEFT_OUT = 5_000;

/**
 * Compares the new table with the one that it is to replace, in the columns that both have and the definition does not
 * say to have changed on purpose. Undefined where there is none.
 */
export async function compareWithVersionBefore<Tx>(
  parts: RebuildParts<Tx>,
  view: TablesView,
  signal: AbortSignal,
): Promise<Comparison | undefined> {
  const { model, database } = parts;
  const live = (await database.readModels.versions(model.name)).filter(({ fed }) => fed.includes('live'));
  const before = live.findLast(({ version }) => version <= model.version);
  if (!before) return undefined;
  const isSame = before.version === model.version;
  const name = isSame ? 'the table before' : `version ${before.version}`;
  const nothing = { with: name, rows: 0, different: 0, examples: [] };
  if (model.changes === 'everything' && !isSame)
    return { ...nothing, left: 'the definition says that everything changes' };
  const changes = isSame ? [] : ((model.changes as readonly string[] | undefined) ?? []);
  if (model.kind === 'sql read model') return compareParts(model, view, before.version, name, changes);
  const touched = isSame ? [] : await touchedBetween({ ...parts, model }, view, before.version, signal);
  if (!touched) return { ...nothing, left: `${name} has got too differently far to be compared` };
  // the tables of one version lack the same: there every difference counts
  const keys = new Set(isSame ? [] : [...(await view.parked(model.version)), ...(await view.parked(before.version))]);
  const parked = await parkedRows(model, view, keys);
  const without = [...touched, ...parked];
  const found = await view.compare({ version: before.version, table: 'live' }, { except: changes, without });
  if (!found) return { ...nothing, left: `${name} has another PRIMARY KEY` };
  const changed = touched.length > 0 ? [`${touched.length} rows that changed between the two checkpoints`] : [];
  const waiting = parked.length > 0 ? [`${parked.length} rows of parked keys`] : [];
  const left = [...changed, ...waiting].join(', ') || undefined;
  const gone = found.examples.filter(({ key }) => isParkedRow(model, keys, key)); // of which the new table has no row
  const { rows, different, examples } = found;
  const rest = { rows, different: different - gone.length, examples: examples.filter((each) => !gone.includes(each)) };
  return { with: name, ...rest, ...(left === undefined ? {} : { left }) };
}

/** The keys of rows that one of two versions lacks events of, since they are parked. */
async function parkedRows(model: ReadModel, view: TablesView, parked: ReadonlySet<string>): Promise<object[]> {
  const found: object[] = [];
  if (parked.size > 0)
    for await (const rows of view.rows())
      for (const row of rows) {
        const key = pick(row, view.key);
        if (isParkedRow(model, parked, key)) found.push(key);
      }
  return found;
}

/** The tables of a model in SQL; with another version only where both have got equally far, since nobody tells what changed between. */
async function compareParts(
  model: SqlReadModel,
  view: TablesView,
  version: number,
  name: string,
  changes: readonly string[],
): Promise<Comparison> {
  const sum = { with: name, rows: 0, different: 0, examples: [] as RowDifference[] };
  const [ours, theirs] = [await view.checkpoints(model.version), await view.checkpoints(version)];
  if (!isDeepStrictEqual(positionsIn(ours), positionsIn(theirs)))
    return { ...sum, left: `${name} has not got equally far` };
  for (const part of Object.keys(model.tables).filter((table) => !changes.includes(table))) {
    const found = await view.compare({ version, table: 'live', part }, { except: [], without: [] });
    sum.rows += found?.rows ?? 0;
    sum.different += found?.different ?? 0;
    for (const { key, ...rest } of found?.examples ?? []) sum.examples.push({ key: { table: part, ...key }, ...rest });
  }
  return sum;
}

function positionsIn(checkpoints: Awaited<ReturnType<TablesView['checkpoints']>>): Map<string, Map<number, bigint>> {
  return new Map(
    [...checkpoints].map(([source, of]) => [
      source,
      new Map([...of].map(([partition, { position }]) => [partition, position])),
    ]),
  );
}

/** The keys of rows that events between the checkpoints of two versions touch; undefined when they are too many. */
async function touchedBetween<Tx>(
  { model, database, catalog, sources }: RebuildParts<Tx, ReadModel>,
  view: TablesView,
  version: number,
  signal: AbortSignal,
): Promise<object[] | undefined> {
  const [ours, theirs] = [await view.checkpoints(model.version), await view.checkpoints(version)];
  const keys = new Map<string, object>();
  for (const source of sources) {
    const [one, other] = [ours.get(source.name), theirs.get(source.name)];
    if (!one || !other) continue;
    const from = new Map<number, Checkpoint>();
    const to = new Map<number, Checkpoint>();
    for (const [partition, mine] of one) {
      const there = other.get(partition) ?? { position: 0n };
      const [low, high] = mine.position < there.position ? [mine, there] : [there, mine];
      from.set(partition, low);
      to.set(partition, high);
    }
    const upTo = await endsWithin(database, source, to, signal);
    const subscription = `${subscriptionName(model)} comparison`;
    for await (const { events } of readUpTo(source, { subscription, types: model.types, from, upTo, signal })) {
      const read = events.map(({ event }) => event).filter(({ type }) => model.evolve[type]);
      for (const [text, key] of touchedKeys(
        model,
        read.map((event) => catalog.current(event)),
      ))
        keys.set(text, key);
      if (keys.size > LEFT_OUT) return undefined;
    }
  }
  return [...keys.values()];
}
