import { propertyOf, ReadModelMismatch, type ReadModel } from '@logfold/core';

/** What the SQL of a read model's table says, as far as a table in memory needs it. */
export interface TableDefinition {
  readonly columns: readonly Column[];
  /** The properties of the PRIMARY KEY, in its order. */
  readonly key: readonly string[];
}

/** One column of a table. */
export interface Column {
  readonly name: string;
  /** The property of a row that it holds: `on_hand` is `onHand`. */
  readonly property: string;
  readonly notNull: boolean;
}

/**
 * Reads the columns and the PRIMARY KEY from `(sku text, …, PRIMARY KEY (sku))`. Types, defaults and other constraints
 * are left to Postgres.
 * @throws ReadModelMismatch when there is no list of columns, or no primary key.
 */
export function tableDefinition(model: ReadModel): TableDefinition {
  const list = columnList(model);
  let key: readonly string[] = [];
  const columns: Column[] = [];
  for (const item of topLevelItems(list)) {
    const tableKey = /^(?:constraint\s+\S+\s+)?primary\s+key\s*\(([^)]*)\)/i.exec(item);
    if (tableKey) key = topLevelItems(tableKey[1]!).map(unquoted);
    else if (!/^(constraint|unique|check|foreign|exclude|like)\b/i.test(item)) {
      const column = columnOf(item);
      columns.push(column);
      if (/\bprimary\s+key\b/i.test(item)) key = [column.name];
    }
  }
  if (key.length === 0) throw new ReadModelMismatch(model.name, 'its table has no PRIMARY KEY');
  const missing = key.find((name) => !columns.some((column) => column.name === name));
  if (missing !== undefined)
    throw new ReadModelMismatch(model.name, `its PRIMARY KEY names "${missing}", which is no column`);
  return {
    columns: columns.map((column) => ({ ...column, notNull: column.notNull || key.includes(column.name) })),
    key: key.map(propertyOf),
  };
}

/** What stands between the outermost parentheses, without comments. */
function columnList(model: ReadModel): string {
  const text = model.table.text
    .replaceAll(/--.*$/gm, ' ')
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .trim();
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '(') depth++;
    if (text[index] === ')' && --depth === 0 && text.startsWith('(')) return text.slice(1, index);
  }
  throw new ReadModelMismatch(
    model.name,
    'its table is not a list of columns in parentheses, such as (sku text PRIMARY KEY)',
  );
}

function topLevelItems(list: string): string[] {
  const items = [''];
  let depth = 0;
  for (const character of list) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) items.push('');
    else items[items.length - 1] += character;
  }
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function columnOf(item: string): Column {
  const name = unquoted(/^("[^"]+"|\S+)/.exec(item)![0]);
  return { name, property: propertyOf(name), notNull: /\bnot\s+null\b/i.test(item) };
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase();
}
