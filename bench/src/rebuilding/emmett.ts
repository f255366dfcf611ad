import { openConnections } from '../connections.js';
import { openEmmett } from '../emmett.js';
import { modelsNamed, type Models } from './models.js';

/** What is used of Emmett's projections. Written down here, so that everything compiles where the peers are not installed. */
interface Projections {
  pongoMultiStreamProjection(options: {
    readonly collectionName: string;
    readonly canHandle: readonly string[];
    readonly getDocumentId: (event: any) => string;
    readonly evolve: (document: any, event: any) => object | null;
  }): object;
  rebuildPostgreSQLProjections(options: {
    readonly connectionString: string;
    readonly projections: readonly object[];
  }): { start(): Promise<void>; close(): Promise<void> };
}

const STORE = '@event-driven-io/emmett-postgresql';

/** So many events of one stream are appended to it at once. */
const APPENDED = 500;

/** The beginning of a log, in Emmett's tables. @returns how many events its projections handle */
export async function copyToEmmett(from: string, to: string, count: number): Promise<void> {
  const sql = openConnections(from, 1);
  const emmett = await openEmmett(to, 1);
  try {
    const rows = await sql.unsafe(
      `SELECT stream, type, data, metadata FROM (SELECT * FROM inventory.events ORDER BY position LIMIT ${count}) AS e ORDER BY position`,
    );
    for (const [stream, events] of Map.groupBy(rows, (row) => row['stream'] as string))
      for (let start = 0; start < events.length; start += APPENDED)
        await emmett.store.appendToStream(
          stream,
          events.slice(start, start + APPENDED).map(({ type, data, metadata }) => ({ type, data, metadata })),
          { expectedStreamVersion: start === 0 ? emmett.noStream : BigInt(start) },
        );
  } finally {
    await emmett.close();
    await sql.end({ timeout: 5 });
  }
}

/** Rebuilds the three read models as documents, by Emmett's own function for it. @returns events per second. */
export async function rebuildByEmmett(url: string, count: number): Promise<number> {
  const { pongoMultiStreamProjection, rebuildPostgreSQLProjections } = (await import(STORE)) as Projections;
  const { levels, orders, outOfStock } = modelsNamed('emmett');
  const at = ({ data }: { data: { sku: string; location: string } }): string => `${data.sku}@${data.location}`;
  const document = (model: Models[keyof Models], getDocumentId: (event: any) => string): object =>
    pongoMultiStreamProjection({
      collectionName: model.name,
      canHandle: model.types,
      getDocumentId,
      evolve: (was, event) => {
        const { _id, _version, ...row } = was ?? {};
        const evolve = model.evolve[event.type] as (row: object | undefined, event: unknown, key: object) => unknown;
        const after = evolve(was ? row : undefined, event, keyOf(model, event));
        return (after === undefined ? was : after) as object | null;
      },
    });
  const consumer = rebuildPostgreSQLProjections({
    connectionString: url,
    projections: [
      document(levels, at),
      document(orders, ({ data }) => data.orderId ?? 'none'),
      document(outOfStock, at),
    ],
  });
  const started = performance.now();
  try {
    await consumer.start();
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await consumer.close();
  }
}

function keyOf({ key }: Models[keyof Models], event: unknown): object {
  const given = (key as (event: unknown) => object | readonly object[])(event);
  return Array.isArray(given) ? { orderId: 'none' } : given;
}
