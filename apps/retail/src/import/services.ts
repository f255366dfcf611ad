import { OutOfStockBoard, Stock, StockLevels } from '@logfold-example/inventory';
import { Order, OrderTracker } from '@logfold-example/ordering';
import { logfold, logTopics, type Database, type ReadModel } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { catchUp, type Goal } from './catch-up.js';
import type { Positions } from './importer.js';

/** The databases of the services that an import appends to. */
export interface ServiceDatabases {
  readonly inventory: Database;
  readonly ordering: Database;
}

/** Opens both databases, with their tables made; `close` ends their connections. */
export async function openServices(url: string): Promise<ServiceDatabases & { close(): Promise<void> }> {
  const { inventory, ordering } = databases(url);
  const close = async (): Promise<void> => {
    await Promise.all([inventory.close(), ordering.close()]);
  };
  try {
    await inventory.open();
    await ordering.open();
  } catch (error) {
    await close();
    throw error;
  }
  return { inventory, ordering, close };
}

/**
 * Runs the read models of both services, as one process without a broker does, until they show what was imported.
 * @returns the names of those that did not get there.
 */
export async function showImported(url: string, positions: Positions, signal: AbortSignal): Promise<readonly string[]> {
  const { inventory, ordering } = databases(url);
  const topics = logTopics({ inventory, ordering });
  const run = ['read-models'] as const;
  const services = [
    logfold({ database: inventory, definitions: [Stock, StockLevels, OutOfStockBoard], topics, run }),
    logfold({ database: ordering, definitions: [Order, OrderTracker], topics, run }),
  ];
  const goal = (database: Database, model: ReadModel, source: string, position: bigint): Goal => ({
    database,
    model,
    source,
    position,
  });
  const goals = [
    goal(inventory, StockLevels, 'inventory', positions.inventory),
    goal(inventory, OutOfStockBoard, 'inventory', positions.inventory),
    goal(ordering, OrderTracker, 'ordering', positions.ordering),
    goal(ordering, OrderTracker, 'inventory.stock', positions.inventory),
  ];
  try {
    for (const service of services) await service.start();
    return await catchUp(goals, { signal });
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

function databases(url: string): ServiceDatabases {
  const database = (service: string): Database => postgresDatabase({ service, url, schema: service });
  return { inventory: database('inventory'), ordering: database('ordering') };
}
