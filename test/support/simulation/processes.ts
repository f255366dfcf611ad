import {
  commandHandler,
  DatabaseUnavailable,
  eventCatalog,
  ProcessEvents,
  processRunners,
  type Database,
  type Handler,
  type Recorded,
  type Runner,
  type Transactions,
} from '@logfold/core';
import { checkProcesses, memory, virtualClock, type MemoryTx } from '@logfold/testing';
import {
  checkout,
  Order,
  OrderCommands,
  OrderEvents,
  PIECES,
  someOrder,
  Stock,
  StockCommands,
  StockEvents,
  wrongWith,
} from '../processes/checkout.mjs';
import { Process } from './process.js';
import { seeded } from './random.js';

/** A defect that is put in on purpose: what the processes see of their database. */
export type ProcessPlant = (honest: Database<MemoryTx>) => Partial<Database<MemoryTx>>;

const STEPS = 40;
const ORDERS_AT_ONCE = 4;

/**
 * A process manager, its commands and its timers, in two processes over one database in memory: they die and freeze,
 * customers pay or do not, time passes; all of it as the seed has it. Then everything is healed, and what is there judged.
 * @returns what is wrong
 */
export async function simulateProcesses(seed: number, plant: ProcessPlant = () => ({})): Promise<readonly string[]> {
  const { random } = Math;
  Math.random = seeded(seed + 1); // of which delays are made
  try {
    const draw = seeded(seed);
    return await simulated(new Shop(plant), (limit) => Math.floor(draw() * limit));
  } finally {
    Math.random = random;
  }
}

async function simulated(shop: Shop, below: (limit: number) => number): Promise<readonly string[]> {
  await shop.open();
  shop.start();
  shop.start();
  for (let step = 0; step < STEPS; step++) {
    const one = shop.alive[below(shop.alive.length)]!;
    switch (below(8)) {
      case 0:
      case 1:
        for (let n = below(ORDERS_AT_ONCE); n >= 0; n--) shop.place(below);
        break;
      case 2:
      case 3:
        shop.pay(below);
        break;
      case 4:
        one.after(below(15), () => {
          one.kill();
          shop.start();
        });
        break;
      case 5:
        one.after(below(15), () => one.freeze());
        break;
      case 6:
        for (const each of shop.alive) {
          if (below(2) === 0) shop.loseTransactions(each);
          each.thaw();
        }
        break;
      case 7:
        await shop.clock.advance(below(400));
        break;
    }
    for (let turn = below(12); turn > 0; turn--) await shop.clock.advance(below(8));
  }
  return shop.judged();
}

class Shop {
  readonly clock = virtualClock();
  readonly #database = memory({ service: 'shop', clock: this.clock });
  readonly #processes = new Map<Process, { readonly runners: readonly Runner[]; readonly open: Set<MemoryTx> }>();
  readonly #gaveUp: string[] = [];
  readonly #order = this.#handler(Order, this.#database);
  #placed = 0;

  constructor(readonly plant: ProcessPlant) {}

  get alive(): readonly Process[] {
    return [...this.#processes.keys()].filter(({ dead }) => !dead);
  }

  async open(): Promise<void> {
    const stock = this.#handler(Stock, this.#database);
    for (const [sku, quantity] of Object.entries(PIECES))
      if (quantity > 0) await stock.handle(StockCommands.Receive({ sku, quantity }));
  }

  start(): void {
    const process = new Process();
    const open = new Set<MemoryTx>();
    const { events, checkpoints, timers, commands, ...rest } = { ...this.#database, ...this.plant(this.#database) };
    const database: Database<MemoryTx> = {
      ...rest,
      events: process.ports(events),
      checkpoints: process.ports(checkpoints),
      timers: process.ports(timers),
      commands: process.ports(commands),
      transactions: process.ports(transactionsOf(rest.transactions, open)),
    };
    const catalog = eventCatalog([OrderEvents, StockEvents, ProcessEvents]);
    const handlers = new Map([Order, Stock].map((decider) => [decider, this.#handler(decider, database)]));
    const runner = {
      clock: this.clock,
      backoff: { firstMs: 5, maxMs: 40 },
      onError: (error: unknown, name: string, final: boolean) => {
        if (final && !process.dead) this.#gaveUp.push(`${name} gave up: ${String(error)}`);
      },
    };
    const onParked = (name: string, event: Recorded, error: unknown) =>
      void this.#gaveUp.push(`${name} parked ${event.type}: ${String(error)}`);
    const options = { database, definitions: [Order, Stock, checkout()], runner, onParked, leaseTtlMs: 120 };
    const runners = processRunners(options, catalog, handlers);
    this.#processes.set(process, { runners, open });
    for (const each of runners) each.start();
    const kill = process.kill.bind(process);
    process.kill = () => {
      kill();
      this.loseTransactions(process);
    };
  }

  /** What a database does with the open transactions of one whose connections are gone, or who says nothing for long. */
  loseTransactions(process: Process): void {
    for (const tx of this.#processes.get(process)!.open) tx.rollback();
  }

  place(below: (limit: number) => number): void {
    void this.#order.handle(someOrder(`o-${this.#placed++}`, below));
  }

  /** A customer pays some order, maybe too early, too late or twice. */
  pay(below: (limit: number) => number): void {
    const orderId = `o-${this.#placed - 1 - below(Math.min(this.#placed, 8) || 1)}`;
    void this.#order.handle(OrderCommands.Pay({ orderId })).catch(() => {});
  }

  async judged(): Promise<readonly string[]> {
    for (const process of this.alive) {
      process.after(Infinity, () => {});
      process.thaw();
    }
    for (let turn = 0; turn < 60 && wrongWith(await this.#log()).length > 0; turn++) await this.clock.advance(200);
    await this.clock.advance(2_000); // what should not happen may still
    const log = await this.#log();
    const pending = new Set((await this.#database.timers.list()).map(({ id }) => id));
    const wrong = checkProcesses(log, { pending }).map(({ text }) => text);
    const stopping = [...this.#processes].flatMap(([{ dead }, { runners }]) =>
      dead ? [] : runners.map((runner) => runner.stop()),
    );
    await this.clock.advance(2_000);
    await Promise.all(stopping);
    return [...this.#gaveUp, ...wrong, ...wrongWith(log)];
  }

  async #log(): Promise<Recorded[]> {
    const log: Recorded[] = [];
    for await (const { events } of this.#database.events.readLog({ after: 0n })) log.push(...events);
    return log;
  }

  #handler(decider: typeof Order, { events, commands }: Database<MemoryTx>): Handler {
    return commandHandler(decider, events, { commands, clock: this.clock });
  }
}

/** Transactions that may be lost while they are open, as those of a broken connection are. */
function transactionsOf(honest: Transactions<MemoryTx>, open: Set<MemoryTx>): Transactions<MemoryTx> {
  return {
    async run(work) {
      try {
        return await honest.run(async (tx) => {
          open.add(tx);
          try {
            return await work(tx);
          } finally {
            open.delete(tx);
          }
        });
      } catch (error) {
        if (error instanceof Error && error.name === 'TransactionEnded')
          throw new DatabaseUnavailable('the connection was lost', { cause: error });
        throw error;
      }
    },
  };
}
