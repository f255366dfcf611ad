import { InvalidDefinition } from './errors.js';
import type { Each, Event, Recorded } from './events.js';
import { checkIdentifier } from './names.js';
import type { ReadModel, Sql } from './read-model.js';
import type { WaitOptions, Waited } from './read-your-writes.js';

/** A read model that is written in SQL, a batch of events at a time: for what is no fold by key. */
export interface SqlReadModel<Tables extends string = string> {
  readonly kind: 'sql read model';
  readonly name: string;
  readonly version: number;
  readonly from: readonly object[];
  readonly types: readonly string[];
  /** Its tables by name; in the database `<model>_<table>__v<version>`. */
  readonly tables: Readonly<Record<Tables, Sql>>;
  /** Tables whose rows differ from those of the version before on purpose; all others must agree at a rebuild. */
  readonly changes?: readonly string[] | 'everything';
  readonly apply: (tx: any, events: readonly any[], tables: Readonly<Record<Tables, string>>) => Promise<void>;
}

/** A read model of either form. */
export type AnyReadModel = ReadModel | SqlReadModel;

/** The tables of a read model in SQL, for the type of an injected parameter: their full names, and how to wait for their rows. */
export type TablesOf<M> =
  M extends SqlReadModel<infer Tables> ? Readonly<Record<Tables, string>> & WaitsForRows : never;

/** How the rows of a read model in SQL are waited for. */
export interface WaitsForRows {
  /**
   * Waits until the tables hold what a command did: `token` is what it answered, here or in another service. Without one, in
   * a request over HTTP, what the request's `Logfold-Wait-For` names; elsewhere there is nothing to wait for: `not-read`.
   * @throws ValidationFailed for a text that is no token, PositionOfAnotherLog, TooManyWaiting, NotRunning
   */
  waitFor(token?: string, options?: WaitOptions): Promise<Waited>;
}

/** True for a read model of either form. */
export function isReadModel(definition: { readonly kind: string }): definition is AnyReadModel {
  return definition.kind === 'read model' || definition.kind === 'sql read model';
}

/** The longest that the name of a model and that of one of its tables may be together. */
const NAMES_LIMIT = 48;

/**
 * Declares a read model in SQL. `apply` is given some events in their order, several thousand at the most, and the full names
 * of the tables to write; it must come to the same however the events are cut into batches, and write nowhere else. It runs in
 * the transaction that moves the checkpoint. A rebuild proves it by applying the log a second time, in other batches.
 * @throws InvalidDefinition
 * @example readModel.sql({ name: 'hourly', version: 1, from: [StockEvents], types: ['StockShipped'],
 *   tables: { pieces: sql`(hour timestamptz PRIMARY KEY, pieces int NOT NULL)` },
 *   apply: async (tx, events, { pieces }) => { await tx.unsafe(`INSERT INTO ${pieces} …`, [JSON.stringify(events)]) } })
 */
export function sqlReadModel<
  const R extends readonly unknown[],
  const T extends Each<R>['type'],
  const Tables extends string,
>(definition: {
  readonly name: string;
  readonly version: number;
  readonly from: R;
  /** The types of the events that it is given. */
  readonly types: readonly T[];
  readonly tables: Readonly<Record<Tables, Sql>>;
  readonly changes?: readonly NoInfer<Tables>[] | 'everything';
  readonly apply: (
    tx: any,
    events: readonly Recorded<Extract<Each<NoInfer<R>>, { type: NoInfer<T> }> & Event>[],
    tables: Readonly<Record<NoInfer<Tables>, string>>,
  ) => Promise<void>;
}): SqlReadModel<Tables> {
  const { name, version, from, types, tables } = definition;
  checkIdentifier('Read model', name);
  if (!Number.isInteger(version) || version < 1)
    throw new InvalidDefinition(`Read model "${name}": version must be a whole number from 1 upwards`);
  if (types.length === 0) throw new InvalidDefinition(`Read model "${name}" is given no events: name one in "types"`);
  const foreign = types.filter((type) => !from.some((registry) => type in (registry as object)));
  if (foreign.length > 0)
    throw new InvalidDefinition(
      `Read model "${name}" is given ${foreign.join(', ')}, which none of its registries declares`,
    );
  if (Object.keys(tables).length === 0)
    throw new InvalidDefinition(`Read model "${name}" has no table: declare one in "tables"`);
  for (const table of Object.keys(tables)) {
    checkIdentifier(`Table of read model "${name}",`, table);
    if (name.length + table.length > NAMES_LIMIT)
      throw new InvalidDefinition(
        `Read model "${name}" and its table "${table}" have ${name.length + table.length} letters together, ${NAMES_LIMIT} at most`,
      );
  }
  return { kind: 'sql read model', ...definition } as SqlReadModel<Tables>;
}

/** The tables of a read model with their definitions; a model that is a fold has one, without a name of its own. */
export function tablesOf(model: AnyReadModel): readonly (readonly [part: string, definition: Sql])[] {
  return model.kind === 'read model' ? [['', model.table]] : Object.entries(model.tables);
}
