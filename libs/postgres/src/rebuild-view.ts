import {
  COMPARISON_EXAMPLES,
  subscriptionName,
  type AnyReadModel,
  type Checkpoint,
  type Comparison,
  type TableOf,
  type TablesView,
} from '@logfold/core';
import type { Tx } from './connection.js';
import { columnsOf, type Column } from './read-model-columns.js';
import { asJson, quoted, recordOf, type ReadModelStatements } from './read-model-statements.js';
import { tableName } from './read-model-table-name.js';

const PAGE = 2_000;

/** The tables of one version within one REPEATABLE READ transaction. */
export class TablesAtOneMoment implements TablesView {
  readonly key: readonly string[];
  readonly #table: string;

  constructor(
    readonly tx: Tx,
    readonly schema: string,
    readonly model: AnyReadModel,
    readonly columns: readonly Column[],
    readonly statements: ReadModelStatements | undefined,
  ) {
    this.key = columns.filter(({ inKey }) => inKey).map(({ property }) => property);
    this.#table = tableName(schema, model, 'new');
  }

  async count(): Promise<number> {
    const [row] = await this.tx.unsafe<{ n: number }[]>(`SELECT count(*)::int AS n FROM ${this.#table}`);
    return row!.n;
  }

  async checkpoints(version: number): Promise<ReadonlyMap<string, ReadonlyMap<number, Checkpoint>>> {
    const rows = await this.tx.unsafe<{ source: string; partition: number; position: bigint; hint: string | null }[]>(
      `SELECT source, partition, position, hint FROM ${this.schema}.checkpoints WHERE subscription = $1`,
      [subscriptionName({ name: this.model.name, version })],
    );
    const found = new Map<string, Map<number, Checkpoint>>();
    for (const { source, partition, position, hint } of rows) {
      const partitions = found.get(source) ?? new Map<number, Checkpoint>();
      found.set(source, partitions.set(partition, { position, hint: hint ?? undefined }));
    }
    return found;
  }

  async parked(version: number): Promise<ReadonlySet<string>> {
    const rows = await this.tx.unsafe<{ key: string }[]>(
      `SELECT DISTINCT key FROM ${this.schema}.parked WHERE subscription = $1`,
      [subscriptionName({ name: this.model.name, version })],
    );
    return new Set(rows.map(({ key }) => key));
  }

  async *rows(): AsyncGenerator<readonly object[]> {
    await this.tx.unsafe(`DECLARE logfold_rows NO SCROLL CURSOR FOR ${this.statements!.all}`);
    while (true) {
      const rows = await this.tx.unsafe<{ row: object }[]>(`FETCH ${PAGE} FROM logfold_rows`);
      if (rows.length > 0) yield rows.map(({ row }) => row);
      if (rows.length < PAGE) break;
    }
    await this.tx.unsafe('CLOSE logfold_rows');
  }

  async stored(rows: readonly object[]): Promise<readonly object[]> {
    const found = await this.tx.unsafe<{ row: object }[]>(this.statements!.stored, [JSON.stringify(rows)]);
    return found.map(({ row }) => row);
  }

  async compare(
    other: TableOf,
    { except, without }: { readonly except: readonly string[]; readonly without: readonly object[] },
  ): Promise<Pick<Comparison, 'rows' | 'different' | 'examples'> | undefined> {
    const table = tableName(this.schema, { name: this.model.name, version: other.version }, other.table, other.part);
    const mine = tableName(this.schema, this.model, 'new', other.part);
    if (!(await isThere(this.tx, table))) return undefined;
    const theirs = await columnsOf(this.tx, table);
    const ours = other.part === undefined ? this.columns : await columnsOf(this.tx, mine);
    const keyOf = (of: readonly Column[]): string =>
      `${of.flatMap(({ name, type, inKey }) => (inKey ? [`${name} ${type}`] : [])).sort()}`;
    if (keyOf(theirs) !== keyOf(ours)) return undefined;
    const shared = ours.filter(
      ({ name, property, inKey }) =>
        inKey || (!except.includes(property) && theirs.some((column) => column.name === name)),
    );
    const sameType = (column: Column): boolean =>
      theirs.some(({ name, type }) => name === column.name && type === column.type);
    const { joined, differs, values } = comparison(mine, table, shared, sameType);
    const [sums] = await this.tx.unsafe<{ rows: number; different: number }[]>(
      `SELECT count(*)::int AS rows, (count(*) FILTER (WHERE ${differs}))::int AS different FROM ${joined}`,
      [JSON.stringify(without)],
    );
    const examples = await this.tx.unsafe<{ key: object; expected: object | null; found: object | null }[]>(
      `SELECT ${values} FROM ${joined} AND ${differs} LIMIT ${COMPARISON_EXAMPLES}`,
      [JSON.stringify(without)],
    );
    return {
      ...sums!,
      examples: examples.map(({ key, expected, found }) => ({
        key,
        expected: expected ?? undefined,
        found: found ?? undefined,
      })),
    };
  }
}

async function isThere(tx: Tx, table: string): Promise<boolean> {
  const [row] = await tx.unsafe<{ there: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  return row!.there;
}

const of = (table: string, { name }: Column): string => `${table}.${quoted(name)}`;

/**
 * Two tables joined by their key, `a` and `b`, and the condition that a row is not the same in both.
 * @param sameType false for a column that has another type in `b`: it is compared as JSON
 */
export function comparedTables(
  a: string,
  b: string,
  columns: readonly Column[],
  sameType: (column: Column) => boolean = () => true,
) {
  const comparable = (table: string, column: Column): string =>
    column.type === 'json' || !sameType(column) ? `to_jsonb(${of(table, column)})` : of(table, column); // json has no equality
  const key = columns.filter(({ inKey }) => inKey);
  const on = key.map((column) => `${of('a', column)} = ${of('b', column)}`).join(' AND ');
  const values = (table: string): string => columns.map((column) => comparable(table, column)).join(', ');
  const first = key[0]!;
  return {
    joined: `${a} a FULL JOIN ${b} b ON ${on}`,
    differs: `(${of('a', first)} IS NULL OR ${of('b', first)} IS NULL OR ROW(${values('a')}) IS DISTINCT FROM ROW(${values('b')}))`,
  };
}

/** Two tables joined by their key, without the rows whose keys are in $1. */
function comparison(mine: string, theirs: string, columns: readonly Column[], sameType: (column: Column) => boolean) {
  const { joined, differs } = comparedTables(mine, theirs, columns, sameType);
  const key = columns.filter(({ inKey }) => inKey);
  const either = (column: Column): string => `coalesce(${of('a', column)}, ${of('b', column)})`;
  const leftOut = key.map((column) => `k.${quoted(column.property)} = ${either(column)}`).join(' AND ');
  const first = key[0]!;
  const json = (table: string, some: readonly Column[]): string =>
    `(SELECT row_to_json(r) FROM (SELECT ${some.map((column) => `${asJson(table, column)} AS ${quoted(column.property)}`).join(', ')}) r)`;
  const whole = (table: string): string =>
    `CASE WHEN ${of(table, first)} IS NULL THEN NULL ELSE ${json(table, columns)} END`;
  const keyJson = `(SELECT row_to_json(r) FROM (SELECT ${key.map((column) => `${either(column)} AS ${quoted(column.property)}`).join(', ')}) r)`;
  return {
    joined: `${joined}
      WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset($1::text::jsonb) AS k(${recordOf(key)}) WHERE ${leftOut})`,
    differs,
    values: `${keyJson} AS key, ${whole('b')} AS expected, ${whole('a')} AS found`,
  };
}
