import type { ReadModel, Sql } from './read-model.js';
import { readModel } from './read-model.js';
import { registryOf, type Recorded } from './events.js';
import { type } from './schema.js';
import type { RowState, StateRows } from './state.js';

/**
 * A read model that holds the rows of a state topic as they are: `rows(Products)` of another service.
 * @param of the state, as its service declares it
 * @param definition.version raise it to fill a new table from the topic
 * @param definition.table a column for each property of the row; others cannot be written
 * @throws InvalidDefinition
 * @example const Products = copyOf(ProductState, { name: 'products', version: 1, table: sql`(sku text PRIMARY KEY, title text NOT NULL)` });
 */
export function copyOf<Row extends object, Key extends object>(
  of: StateRows<Row, Key>,
  definition: { readonly name: string; readonly version: number; readonly table: Sql },
): ReadModel<Row, Key> {
  const { name } = registryOf(of);
  return readModel({
    ...definition,
    from: [of],
    row: type<Row>(),
    key: (event: any) => (event as Recorded).data.key as Partial<Row>,
    evolve: { [name]: (_: unknown, event: any) => ((event as Recorded).data as RowState<Row, Key>).row },
  } as never) as unknown as ReadModel<Row, Key>;
}
