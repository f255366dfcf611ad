import { isDeepStrictEqual } from 'node:util';
import { compareWithVersionBefore } from './rebuild-comparison.js';
import { endsWithin, type RebuildParts, type ReplayOptions } from './rebuild-replay.js';
import type { Recorded } from './events.js';
import type { ReadModel } from './read-model.js';
import { isParkedRow } from './partitioned.js';
import { keyText, pick, touchedKeys } from './read-model-fold.js';
import { readUpTo } from './read-up-to.js';
import { subscriptionName } from './subscription-name.js';
import type { Comparison, Rebuild, RebuildReport, RowDifference } from './rebuild.js';
import type { TablesView } from './rebuild-tables.js';
import { compareWithSecondRun } from './sql-verification.js';

/** Rows that a sample is to have. */
const SAMPLE = 2_000;

/** What a row takes that is compared, as it should be and as the table gives it, with its keys: rather too much. */
const COMPARED_ROW_BYTES = 1_500;

/** Differing rows that a report shows. */
export const EXAMPLES = 20;

/** Rows that a table is asked to give back as it would store them, at once. */
const STORED_AT_ONCE = 2_000;

/** A part of the keys: those whose text's hash leaves `index` when it is divided by `of`. */
interface Slice {
  readonly index: number;
  readonly of: number;
}

/** Which rows are compared: those of a slice, but for what is parked. */
interface Some {
  readonly slice: Slice;
  readonly parked: ReadonlySet<string>;
}

type Expected = Map<string, { readonly key: object; readonly row: object }>;

/**
 * Compares the new table, as it is at one moment, with a fold of the log that has nothing in common with how the table was
 * made: event by event, in memory, up to the checkpoint of that moment; and with the table that it is to replace.
 */
export async function verify<Tx>(
  parts: RebuildParts<Tx>,
  rebuild: Rebuild,
  options: Pick<ReplayOptions, 'still' | 'signal'>,
): Promise<RebuildReport> {
  const { model, database } = parts;
  const again =
    model.kind === 'sql read model' ? await compareWithSecondRun({ ...parts, model }, rebuild, options) : undefined;
  return database.rebuildTables.examine(model, async (view) => {
    const fold = again ?? (await compareWithFold(parts as RebuildParts<Tx, ReadModel>, view, rebuild, options.signal));
    const before = await compareWithVersionBefore(parts, view, options.signal);
    const comparisons = before ? [fold, before] : [fold];
    const refused = refusal(fold, before, rebuild);
    return { comparisons, ...(refused === undefined ? {} : { refused }) };
  });
}

function refusal(fold: Comparison, before: Comparison | undefined, rebuild: Rebuild): string | undefined {
  if (fold.different > 0) return `${fold.different} of ${fold.rows} rows are not what ${fold.with} gives`;
  if (before && before.different > 0 && !rebuild.acceptDifferences)
    return (
      `${before.different} of ${before.rows} rows differ from ${before.with}: if that is wanted, name the properties in ` +
      `"changes" of the read model, or accept it: logfold read-models switch ${rebuild.name} --accept-differences`
    );
  return undefined;
}

async function compareWithFold<Tx>(
  parts: RebuildParts<Tx, ReadModel>,
  view: TablesView,
  rebuild: Rebuild,
  signal: AbortSignal,
): Promise<Comparison> {
  const count = await view.count();
  const room = Math.max(SAMPLE, Math.floor(parts.memoryBytes / COMPARED_ROW_BYTES));
  const of = Math.max(1, Math.ceil(count / (rebuild.full ? room : SAMPLE)));
  const first = hashOf(rebuild.id) % of;
  const slices = rebuild.full ? of : 1;
  const found = { rows: 0, different: 0, examples: [] as RowDifference[] };
  const parked = await view.parked(parts.model.version);
  for (let index = 0; index < slices; index++) {
    const slice = { index: (first + index) % of, of };
    const expected = await folded(parts, view, { slice, parked }, signal);
    for (const difference of await differences(view, slice, expected, (rows) => (found.rows += rows))) {
      if (isParkedRow(parts.model, parked, difference.key)) continue;
      found.different++;
      if (found.examples.length < EXAMPLES) found.examples.push(difference);
    }
  }
  const sample = slices < of ? [`a sample of one key in ${of}: --full compares all`] : [];
  const without = parked.size > 0 ? [`without the rows of ${parked.size} parked keys`] : [];
  const left = [...sample, ...without].join('; ') || undefined;
  return { with: 'a fold of the log', ...found, ...(left === undefined ? {} : { left }) };
}

/** The rows of some keys as the plainest fold gives them: one event after the other, one row after the other. */
async function folded<Tx>(
  { model, database, catalog, sources, replay }: RebuildParts<Tx, ReadModel>,
  view: TablesView,
  some: Some,
  signal: AbortSignal,
): Promise<Expected> {
  const rows: Expected = new Map();
  const fold = (events: readonly Recorded[]): void => {
    for (const event of events) if (model.evolve[event.type]) foldPlainly(model, catalog.current(event), some, rows);
  };
  const { types } = model;
  const checkpoints = await view.checkpoints(model.version);
  for (const source of sources) {
    const upTo = await endsWithin(database, source, checkpoints.get(source.name) ?? new Map(), signal);
    if (source.name === database.service) {
      await replay.read({ types, upTo: upTo.get(0) ?? 0n, signal, take: async (events) => fold(events) });
      continue;
    }
    const range = { subscription: `${subscriptionName(model)} verification`, types, from: new Map(), upTo, signal };
    for await (const { events } of readUpTo(source, range)) fold(events.map(({ event }) => event));
  }
  return rows;
}

function foldPlainly(model: ReadModel, event: Recorded, { slice, parked }: Some, rows: Expected): void {
  for (const [text, key] of touchedKeys(model, [event])) {
    if (!isIn(slice, text) || isParkedRow(model, parked, key)) continue;
    const after = model.evolve[event.type]!(rows.get(text)?.row, event, key);
    if (after) rows.set(text, { key, row: after });
    else if (after === null) rows.delete(text);
  }
}

/** Rows of the table that are not as expected, and expected ones that it lacks. */
async function differences(
  view: TablesView,
  slice: Slice,
  expected: Expected,
  compared: (rows: number) => void,
): Promise<RowDifference[]> {
  const wanted = await stored(view, expected);
  const found: RowDifference[] = [];
  for await (const rows of view.rows())
    for (const row of rows) {
      const key = pick(row, view.key);
      const text = keyText(key);
      if (!isIn(slice, text)) continue;
      const other = wanted.get(text);
      wanted.delete(text);
      compared(1);
      if (!isDeepStrictEqual(row, other)) found.push({ key, expected: other, found: row });
    }
  for (const [text, row] of wanted) found.push({ key: expected.get(text)!.key, expected: row, found: undefined });
  return found;
}

/** The expected rows as the table would give them back, by the texts of their keys. */
async function stored(view: TablesView, expected: Expected): Promise<Map<string, object>> {
  const rows = [...expected.values()].map(({ row }) => row);
  const wanted = new Map<string, object>();
  for (let start = 0; start < rows.length; start += STORED_AT_ONCE)
    for (const row of await view.stored(rows.slice(start, start + STORED_AT_ONCE)))
      wanted.set(keyText(pick(row, view.key)), row);
  return wanted;
}

function isIn({ index, of }: Slice, text: string): boolean {
  return of === 1 || hashOf(text) % of === index;
}

/** FNV-1a, 32 bits: spreads keys over slices. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
