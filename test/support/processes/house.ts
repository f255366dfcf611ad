import { expect } from '@jest/globals';
import { logfold, type Database, type Logfold, type Recorded } from '@logfold/core';
import { postgresDatabase, postgresTopics } from '@logfold/postgres';
import { checkHistory, checkProcesses, derivedBy, eventually, faultProxy, type FaultProxy } from '@logfold/testing';
import { startChild, type Child } from '../child.js';
import { testDatabase } from '../database.js';
import { PIECES, placedByHour, shopWith, someOrder, wrongWith } from './checkout.mjs';

/** Dead processes' loops are free after so long. */
const LEASE_MS = 1_000;
export const PATIENCE = { timeoutMs: 60_000 };

const defined = shopWith('depot');

/** What is to go wrong in a process. */
export interface Faults {
  /** As LOGFOLD_FAILPOINTS names them. */
  readonly stops?: string;
  /** A crash point that throws at one of its hits, and says so. */
  readonly throws?: { readonly point: string; readonly hit: number };
  /** Between the process and the database. */
  readonly through?: FaultProxy | undefined;
}

/** A shop and a depot of a test's own, in one database: what customers do, and the processes that run them. */
export interface House {
  /** Starts a process that runs both services. */
  start(faults?: Faults): Child;
  /** Between such a process and the database. */
  proxy(): Promise<FaultProxy>;
  /** Customers place some orders, and maybe pay one, too early, too late or twice. */
  trade(): Promise<void>;
  /** Waits until all orders are through, and compares everything with everything. */
  settled(): Promise<void>;
}

/** Gives `work` a house, and ends all its processes. A failure says what they have printed. */
export async function withHouse(
  below: (limit: number) => number,
  work: (house: House) => Promise<void>,
): Promise<void> {
  const { url, drop } = await testDatabase();
  const topics = postgresTopics({ url, services: { shop: 'shop', depot: 'depot' } });
  const [shop, depot] = [customersOf('shop'), customersOf('depot')];
  const children: Child[] = [];
  const proxies: FaultProxy[] = [];
  let placed = 0;

  function customersOf(service: 'shop' | 'depot'): Logfold {
    const database = postgresDatabase({ service, schema: service, url });
    const definitions = service === 'shop' ? [defined.Order] : [defined.Stock];
    return logfold({ database, topics, definitions, run: 'nothing' });
  }

  try {
    await Promise.all([shop.start(), depot.start()]);
    for (const [sku, quantity] of Object.entries(PIECES))
      if (quantity > 0) await depot.handler(defined.Stock).handle(defined.StockCommands.Receive({ sku, quantity }));
    await work({
      start({ stops, throws, through } = {}) {
        const address = through ? Object.assign(new URL(url), { port: String(through.port) }).href : url;
        const parameters = [address, String(LEASE_MS), ...(throws ? [throws.point, String(throws.hit)] : [])];
        const env = stops ? { LOGFOLD_FAILPOINTS: stops } : {};
        const child = startChild('test/support/processes/house.mjs', parameters, env);
        children.push(child);
        return child;
      },
      async proxy() {
        const { hostname, port } = new URL(url);
        const proxy = await faultProxy({ host: hostname, port: Number(port) });
        proxies.push(proxy);
        return proxy;
      },
      async trade() {
        for (let n = 1 + below(2); n > 0; n--)
          await shop.handler(defined.Order).handle(someOrder(`o-${placed++}`, below));
        const orderId = `o-${Math.max(0, placed - 1 - below(6))}`;
        await shop
          .handler(defined.Order)
          .handle(defined.OrderCommands.Pay({ orderId }))
          .catch((error: unknown) => expect(error).toMatchObject({ code: 'command-rejected' }));
      },
      settled: () => settled(shop.database, depot.database),
    });
    const gaveUp = children.flatMap(({ lines }) => lines.filter((line) => /gave up|parked/.test(line)));
    expect(gaveUp).toEqual([]);
  } catch (error) {
    const said = children.map(({ lines }, index) => `${index}:\n  ${lines.slice(-15).join('\n  ')}`).join('\n');
    throw new Error(`${(error as Error).message}\n\nThe processes have said:\n${said}`, { cause: error });
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await Promise.all([shop.stop(), depot.stop()]);
    await topics.close();
    await drop();
  }
}

/** Every order has ended once, every piece is somewhere, every command has one result, every hour was told once. */
async function settled(shop: Database, depot: Database): Promise<void> {
  const placed = placedByHour(defined);
  await eventually(async () => {
    const [sold, stored] = [await wholeLog(shop), await wholeLog(depot)];
    expect(wrongWith([...sold, ...stored])).toEqual([]);
    expect(withoutOneResult(sold, stored)).toEqual([]);
    const told = sold.filter(({ type }) => type === 'HourClosed').map(({ data }) => data);
    expect(told).toEqual(derivedBy(placed, sold).told.map(({ data }) => data));
    expect(await shop.timers.list()).toEqual([]);
  }, PATIENCE);
  const sold = await wholeLog(shop);
  expect(checkProcesses(sold, { pending: new Set() })).toEqual([]);
  for (const log of [sold, await wholeLog(depot)]) {
    const events = log.map((event) => ({ ...event, topic: undefined, key: event.stream }));
    expect(checkHistory([], { events, topics: [] })).toEqual([]);
  }
  expect([...(await shop.parked.list()), ...(await depot.parked.list())]).toEqual([]);
}

/** I11: each command that a process sent led to one event, or was refused once, wherever it was decided. */
function withoutOneResult(sold: readonly Recorded[], stored: readonly Recorded[]): string[] {
  const results = new Map<string, number>();
  const sent = new Map<string, string>(); // by the id of the event that carries it
  for (const { type, id, data } of sold) {
    if (type === 'logfold.CommandSent') sent.set(id, id);
    if (type === 'shop.CommandSentTo.depot') sent.set(id, (data as { commandId: string }).commandId);
  }
  const count = (commandId: string | undefined): void => {
    if (commandId !== undefined) results.set(commandId, (results.get(commandId) ?? 0) + 1);
  };
  for (const { type, data, metadata } of [...sold, ...stored])
    if (/CommandRejected/.test(type)) count((data as { commandId: string }).commandId);
    else if (/^(Order|Reserved|Released|ShippedOut)/.test(type)) count(sent.get(metadata.causationId ?? ''));
  return [...new Set(sent.values())].flatMap((id) =>
    results.get(id) === 1 ? [] : [`command ${id} has ${results.get(id) ?? 0} results`],
  );
}

async function wholeLog({ events: store }: Database): Promise<Recorded[]> {
  const log: Recorded[] = [];
  for await (const { events } of store.readLog({ after: 0n })) log.push(...events);
  return log;
}
