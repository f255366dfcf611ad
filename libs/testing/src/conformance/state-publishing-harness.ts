import { expect } from '@jest/globals';
import {
  eventCatalog,
  readModel,
  recordKey,
  serviceRunners,
  sql,
  state,
  subscriptionName,
  type,
  type Database,
  type ReadModel,
  type Rebuild,
  type RowState,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { endOfLog, newStream, Things } from './harness.js';

/** A row of the models under test. */
export type Row = { sku: string; onHand: number };

const WAIT_MS = 20_000;

const SKUS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** The stock by product, published. @param counts what a delivery of so many pieces adds */
export function published(name: string, version = 1, counts = (quantity: number) => quantity) {
  const rows = state(`conformance.${name}`, { partitions: 2, row: type<Row>(), key: ['sku'] });
  const model = readModel({
    name,
    version,
    from: [Things],
    row: type<Row>(),
    table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`,
    changes: 'everything',
    publish: rows,
    key: ({ data }) => ({ sku: data.sku }),
    evolve: {
      StockReceived: (row, { data }) =>
        data.sku === 'g' && version > 1 ? null : { sku: data.sku, onHand: (row?.onHand ?? 0) + counts(data.quantity) },
      StockCleared: () => null,
    },
  });
  return { rows, model };
}

/** Version 2 counts double and knows no "g": built, switched on, and traded with. @returns what is wrong in the end */
export async function upgraded(database: Database, name: string, plant: (to: Database) => Database = (to) => to) {
  const [first, second] = [published(name), published(name, 2, (quantity) => quantity * 2)];
  const { rows } = first;
  await database.readModels.prepare(first.model);
  await trade(database, 40);
  const shadow: unknown[] = [];
  await running(database, [first.model], async () => {
    await caughtUp(database, first.model);
    await database.readModels.prepare(second.model, { create: false });
    await request(database, second.model, false);
    await running(plant(database), [second.model], async () => {
      const { id } = await reaches(database, second.model, 'verified');
      const before = (await history(database, rows)).length;
      await receive(database, ['b', 50]);
      await caughtUp(database, first.model);
      await caughtUp(database, second.model);
      shadow.push(...(await history(database, rows)).slice(before + 1));
      await switched(database, second.model, id);
      await trade(database, 20);
      await caughtUp(database, second.model);
      await drained(database, second.model);
      await caughtUp(database, second.model);
    });
  });
  return { found: await differences(database, second.model, rows), shadow };
}

/** Asks for the switch, again where it has failed. */
async function switched(database: Database, model: ReadModel, id: string): Promise<void> {
  await eventually(
    async () => {
      const rebuild = (await database.rebuilds.list()).find((each) => each.id === id)!;
      if (rebuild.state === 'verified' && rebuild.asked === undefined) await database.rebuilds.ask(id, 'switch');
      expect(rebuild.state).toBe('switched');
    },
    { timeoutMs: WAIT_MS },
  );
  await reaches(database, model, 'switched');
}

/** Nothing that a switch has noted is left. */
async function drained(database: Database, model: ReadModel): Promise<void> {
  const peek = async (): Promise<void> => {
    // what is there is not taken: the expectation fails, and the transaction with it
    await database.transactions.run(async (tx) => {
      expect(await database.readModels.takeNoted(tx, model, 1)).toEqual([]);
    });
  };
  await eventually(peek, { timeoutMs: WAIT_MS });
}

/** The topic says, in the end, what the table does. */
export async function settled(database: Database, model: ReadModel<Row>, rows: object): Promise<void> {
  await drained(database, model);
  await eventually(
    async () => {
      await caughtUp(database, model);
      expect(await differences(database, model, rows)).toEqual([]);
    },
    { timeoutMs: WAIT_MS },
  );
}

/** Everything that was published to a state, in order. */
export async function history(database: Database, rows: object): Promise<RowState[]> {
  const [topic] = Object.keys(rows);
  const found: RowState[] = [];
  for await (const { events } of database.events.readPublished({ after: 0n, topic: topic! }))
    for (const { dataJson, key } of events) {
      const each = JSON.parse(dataJson) as RowState;
      expect(key).toBe(recordKey(each.key));
      found.push(each);
    }
  return found;
}

/** Rows that were published last otherwise than they are in the table. */
async function differences(database: Database, model: ReadModel<Row>, rows: object): Promise<string[]> {
  const last = new Map((await history(database, rows)).map(({ key, row }) => [recordKey(key), row as Row | null]));
  const table = new Map(
    (await database.readModels.rows(model).findMany()).map((row) => [recordKey({ sku: row.sku }), row]),
  );
  return [...new Set([...last.keys(), ...table.keys()])]
    .filter((sku) => textOf(last.get(sku)) !== textOf(table.get(sku)))
    .map(
      (sku) => `"${sku}": ${JSON.stringify(last.get(sku))} published, ${JSON.stringify(table.get(sku))} in the table`,
    );
}

function textOf(row: object | null | undefined): string {
  return JSON.stringify(Object.entries(row ?? {}).sort());
}

/** A port with a bug in it. */
export function planted<Port extends object>(port: Port, bugs: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const found: unknown = Reflect.get(name in bugs ? bugs : target, name);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

/** What is wrong with what was published: rows that differ from the table in the end, and such as were sent for nothing. */
export async function anomalies(database: Database, model: ReadModel<Row>, rows: object): Promise<string[]> {
  const last = new Map<string, string>();
  const twice: string[] = [];
  for (const { key, row } of await history(database, rows)) {
    const text = recordKey(key);
    if (last.get(text) === textOf(row)) twice.push(`"${text}" was published twice: ${JSON.stringify(row)}`);
    last.set(text, textOf(row));
  }
  return [...(await differences(database, model, rows)), ...twice];
}

type Trade = readonly [sku: string, what: number | 'cleared'];

/** Receives or clears some stock, in one append. */
export async function receive(database: Database, ...trades: readonly Trade[]): Promise<void> {
  const events = trades.map(([sku, what]) =>
    what === 'cleared' ? Things.StockCleared({ sku }) : Things.StockReceived({ sku, quantity: what }),
  );
  await database.events.append({ stream: newStream('trade'), events, expected: 'none' });
}

/** Receives stock of a few products again and again, and clears some. */
export async function trade(database: Database, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const sku = SKUS[(n * 3) % SKUS.length]!;
    await receive(database, n % 9 === 8 && sku !== 'g' ? [sku, 'cleared'] : [sku, n + 1]);
  }
}

/** Asks for a rebuild of a version. */
export async function request(
  database: Database,
  { name, version }: ReadModel,
  switchWhenVerified = true,
): Promise<void> {
  const options = { full: true, switchWhenVerified, acceptDifferences: true };
  await database.rebuilds.request({ name, version, who: 'ada', why: 'a test', ...options });
}

/** The rebuild of a version when it has come to a state and has nothing left to do. */
export async function reaches(
  database: Database,
  { name, version }: ReadModel,
  wanted: Rebuild['state'],
): Promise<Rebuild> {
  return eventually(
    async () => {
      const all = await database.rebuilds.list();
      const rebuild = all.find((each) => each.name === name && each.version === version)!;
      expect([rebuild.state, rebuild.asked]).toEqual([wanted, undefined]);
      return rebuild;
    },
    { timeoutMs: WAIT_MS },
  );
}

/** A read model has folded the whole log. */
export async function caughtUp(database: Database, model: ReadModel): Promise<void> {
  const key = { subscription: subscriptionName(model), source: database.service };
  await eventually(
    async () => {
      const checkpoint = (await database.checkpoints.load(key, [0])).get(0);
      expect(checkpoint?.position).toBe(await endOfLog(database));
    },
    { timeoutMs: WAIT_MS },
  );
}

let owners = 0;

/** Runs read models as a process does. */
export async function running(
  database: Database,
  definitions: readonly ReadModel[],
  work: () => Promise<unknown>,
): Promise<void> {
  const runner = { backoff: { firstMs: 5, maxMs: 50 } };
  const options = { database, definitions, run: ['read-models'] as const, leaseTtlMs: 2_000, runner };
  const catalog = eventCatalog([Things, ...definitions.flatMap(({ publish }) => publish ?? [])]);
  const runners = serviceRunners(options, catalog, `states ${owners++}`);
  for (const each of runners) each.start();
  try {
    await work();
  } finally {
    await Promise.all(runners.map((each) => each.stop()));
  }
}
