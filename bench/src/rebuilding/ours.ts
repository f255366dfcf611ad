import { logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { openConnections } from '../connections.js';
import { modelsNamed } from './models.js';

/** How long one rebuild of all three took. */
export interface Rebuilt {
  /** Until all tables had every event and followed the log. */
  readonly builtSeconds: number;
  /** Until all were proven and switched on. */
  readonly switchedSeconds: number;
}

/** A service as a user puts it together, which finds three read models without tables: it builds, proves and switches them. */
export async function rebuild(url: string, suffix: string): Promise<Rebuilt> {
  const models = modelsNamed(suffix);
  const definitions = Object.values(models);
  const built = new Set<string>();
  const { promise: switched, resolve, reject } = Promise.withResolvers<void>();
  const on = new Set<string>();
  let builtAt = 0;
  const service = logfold({
    database: postgresDatabase({ service: 'inventory', schema: 'inventory', url }),
    definitions,
    run: ['read-models'],
    runner: { onError: reject },
    onRebuild: ({ name, state, error }) => {
      if (state === 'attached' && built.add(name).size === definitions.length) builtAt = performance.now();
      if (state === 'done' && on.add(name).size === definitions.length) resolve(); // there was none before to go back to
      if (state === 'failed' || state === 'refused') reject(new Error(`The rebuild of ${name} is ${state}: ${error}`));
    },
  });
  const started = performance.now();
  try {
    await service.start();
    await switched;
    const ended = performance.now();
    return { builtSeconds: (builtAt - started) / 1_000, switchedSeconds: (ended - started) / 1_000 };
  } finally {
    await service.stop();
  }
}

/** @throws unless the rows are what SQL counts in the log. */
export async function checkRows(url: string, suffix: string): Promise<void> {
  const sql = openConnections(url, 1);
  try {
    const [row] = await sql.unsafe(`
      SELECT (SELECT sum(on_hand) FROM inventory.levels_${suffix}) AS on_hand,
             (SELECT sum(lines) FROM inventory.orders_${suffix}) AS lines,
             (SELECT count(*) FROM inventory.out_of_stock_${suffix}) AS empty,
             (SELECT sum(CASE type WHEN 'StockShipped' THEN -1 ELSE 1 END * (data->>'quantity')::bigint)
                FROM inventory.events WHERE type IN ('StockReceived', 'StockReturned', 'StockAdjusted', 'StockShipped')) AS moved,
             (SELECT count(*) FROM inventory.events WHERE type = 'StockShipped' AND data ? 'orderId') AS shipped,
             (SELECT count(*) FROM (SELECT DISTINCT ON (stream) stream, type FROM inventory.events
                WHERE type IN ('StockDepleted', 'StockReceived', 'StockReturned') ORDER BY stream, position DESC) AS last
               WHERE type = 'StockDepleted') AS depleted`);
    const { on_hand: onHand, lines, empty, moved, shipped, depleted } = row!;
    if (onHand !== moved || lines !== shipped || empty !== depleted)
      throw new Error(`The rows are not what SQL counts in the log: ${JSON.stringify(row)}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
