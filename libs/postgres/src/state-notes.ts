import type { Tx } from './connection.js';
import { columnsOf, type Column } from './read-model-columns.js';
import { asJson, quoted } from './read-model-statements.js';
import { comparedTables } from './rebuild-view.js';

/** What queries read before a switch, and what they read behind it. */
export interface Replaced {
  readonly schema: string;
  /** The read model's name. */
  readonly name: string;
  /** The full names of the tables; undefined where nothing was published before. */
  readonly before: string | undefined;
  readonly after: string;
}

/**
 * Notes the keys of all rows that differ between two tables, those included that only one of them has: their rows are
 * published when this is committed. Tables with other columns are taken to differ in every row. The caller keeps others
 * from writing to either before the commit.
 */
export async function noteDifferences(tx: Tx, { schema, name, before, after }: Replaced): Promise<void> {
  const note = (key: string, from: string): Promise<unknown> =>
    tx.unsafe(`INSERT INTO ${schema}.state_noted (name, key) SELECT $1, (${key})::jsonb FROM ${from}`, [name]);
  const ours = await columnsOf(tx, after);
  if (before === undefined) return void (await note(keyOf(ours, 't'), `${after} t`));
  const theirs = await columnsOf(tx, before);
  if (textOf(ours) === textOf(theirs)) {
    const { joined, differs } = comparedTables(after, before, ours);
    await note(keyOf(ours, 'a', 'b'), `${joined} WHERE ${differs}`);
  } else {
    await note(keyOf(ours, 't'), `${after} t`);
    await note(keyOf(theirs, 't'), `${before} t`);
  }
}

/** Notes every key that was ever published to a state: whoever publishes there now answers for all of them. */
export async function noteEverPublished(
  tx: Tx,
  { schema, name }: Pick<Replaced, 'schema' | 'name'>,
  state: string,
): Promise<void> {
  await tx.unsafe(
    `INSERT INTO ${schema}.state_noted (name, key) SELECT DISTINCT $1, data->'key' FROM ${schema}.events WHERE topic = $2`,
    [name, state],
  );
}

function textOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map(({ name, type, inKey }) => `${name} ${type} ${inKey}`).sort());
}

/** A row's key as JSON, as the row would be given; from whichever of the tables has it. */
function keyOf(columns: readonly Column[], ...tables: readonly string[]): string {
  const values = columns
    .filter(({ inKey }) => inKey)
    .map(
      (column) => `coalesce(${tables.map((table) => asJson(table, column)).join(', ')}) AS ${quoted(column.property)}`,
    );
  return `SELECT row_to_json(k) FROM (SELECT ${values.join(', ')}) k`;
}
