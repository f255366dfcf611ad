import type { ReadModel } from '@logfold/core';
import { openConnections } from '../connections.js';
import { modelsNamed, type Read } from './models.js';

const BATCH = 1_000;

/**
 * Rebuilds the three read models as it is mostly done: each reads the log by itself, 1,000 events at a time; a batch loads the
 * rows that it touches, folds them, and writes them back with an upsert and a delete, in a transaction with the checkpoint.
 * @param count how many events of the log's beginning
 * @returns events per second
 */
export async function rebuildByUpserts(url: string, suffix: string, count: number): Promise<number> {
  const sql = openConnections(url, 1);
  try {
    const models = Object.values(modelsNamed(suffix)) as unknown as readonly ReadModel[];
    await sql.unsafe('CREATE TABLE IF NOT EXISTS public.checkpoints (name text PRIMARY KEY, position bigint NOT NULL)');
    const started = performance.now();
    for (const model of models) {
      await sql.unsafe(`CREATE TABLE public.${model.name} ${model.table.text}`);
      await sql.unsafe('INSERT INTO public.checkpoints VALUES ($1, 0)', [model.name]);
      for (let [position, done] = ['0', 0]; done < count;) {
        const events = await sql.unsafe<(Omit<Read, 'position'> & { position: string })[]>(
          `SELECT position, type, data FROM inventory.events WHERE position > $1 ORDER BY position LIMIT ${BATCH}`,
          [position],
          { prepare: true },
        );
        position = events.at(-1)!.position;
        done += events.length;
        await sql.begin(async (tx) => {
          await foldBatch(tx.unsafe.bind(tx) as typeof sql.unsafe, model, events);
          await tx.unsafe('UPDATE public.checkpoints SET position = $2 WHERE name = $1', [model.name, position]);
        });
      }
    }
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

type Unsafe = ReturnType<typeof openConnections>['unsafe'];

async function foldBatch(unsafe: Unsafe, model: ReadModel, events: readonly Pick<Read, 'type' | 'data'>[]) {
  const handled = events.filter(({ type }) => model.evolve[type]);
  const keysOf = (event: object): object[] => [model.key(event)].flat();
  const keys = new Map(handled.flatMap(keysOf).map((key) => [JSON.stringify(key), key]));
  if (keys.size === 0) return;
  const names = Object.keys(keys.values().next().value!);
  const table = `public.${model.name}`;
  const columns = names.map(column).join(', ');
  const found = await unsafe(
    `SELECT row_to_json(t) AS row FROM ${table} t WHERE (${columns}) IN (
       SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb))`,
    [JSON.stringify([...keys.values()].map(toColumns))],
    { prepare: true },
  );
  const rows = new Map<string, object | null>(
    found.map(({ row }) => {
      const properties = toProperties(row);
      return [JSON.stringify(Object.fromEntries(names.map((name) => [name, properties[name]]))), properties];
    }),
  );
  for (const event of handled)
    for (const key of keysOf(event)) {
      const text = JSON.stringify(key);
      const after = model.evolve[event.type]!(rows.get(text) ?? undefined, event, key);
      if (after !== undefined) rows.set(text, after);
    }
  const written = [...rows.values()].flatMap((row) => row ?? []);
  const deleted = [...rows].filter(([, row]) => row === null).map(([text]) => JSON.parse(text) as object);
  if (written.length > 0) {
    const all = Object.keys(written[0]!).map(column);
    await unsafe(
      `INSERT INTO ${table} (${all.join(', ')})
       SELECT ${all.join(', ')} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb)
       ON CONFLICT (${columns}) DO UPDATE SET ${all.map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [JSON.stringify(written.map(toColumns))],
      { prepare: true },
    );
  }
  if (deleted.length > 0)
    await unsafe(
      `DELETE FROM ${table} WHERE (${columns}) IN (
         SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb))`,
      [JSON.stringify(deleted.map(toColumns))],
      { prepare: true },
    );
}

function column(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toColumns(row: object): object {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [column(name), value]));
}

function toProperties(row: object): Record<string, unknown> {
  const property = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [property(name), value]));
}
