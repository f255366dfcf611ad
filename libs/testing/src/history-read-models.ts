import type { Anomaly } from './history-anomaly.js';

/** The rows of a read model, and those that a pure fold of the log gives; both in any order. */
export interface ReadModelDump {
  readonly name: string;
  readonly rows: readonly object[];
  readonly fold: readonly object[];
}

/** I6: a read model is the fold of the log. */
export function checkReadModel({ name, rows, fold }: ReadModelDump): Anomaly[] {
  const counts = new Map<string, number>();
  for (const row of fold) count(counts, row, 1);
  for (const row of rows) count(counts, row, -1);
  return [...counts].flatMap(([row, difference]) => {
    if (difference === 0) return [];
    const why = difference > 0 ? 'is missing, or differs' : 'is not what the fold gives';
    const text = `I6 diverged in ${name}: the row ${row} ${why}`;
    return [{ name: 'diverged', invariant: 'I6', where: name, ids: [], positions: [], text }];
  });
}

function count(counts: Map<string, number>, row: object, by: number): void {
  const text = textOf(row);
  counts.set(text, (counts.get(text) ?? 0) + by);
}

/** A row as text: the same for the same row, whatever the order of its columns. */
function textOf(row: object): string {
  return JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
