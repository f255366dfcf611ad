import {
  commandHandler,
  DatabaseUnavailable,
  eventCatalog,
  forgetSettledKeys,
  ProcessEvents,
  processRunners,
  type Command,
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
import { reproducibly, untilDone } from './random.js';

/** A defect that is put in on purpose: what the processes see of their database. */
export type ProcessPlant = (honest: Database<MemoryTx>) => Partial<Database<MemoryTx>>;

/** Small worlds, and many of them: ten times as many seeds find more than ten times as many steps. */
const STEPS = 10;
const ORDERS_AT_ONCE = 2;

/**
 * A process manager, its commands and its timers, in two processes over one database in memory: they die and freeze,
 * customers pay or do not, time passes; all of it as the seed has it. Then everything is healed, and what is there judged.
 * @returns what is wrong
 */
export async function simulateProcesses(seed: number, plant: ProcessPlant = () => ({})): Promise<readonly string[]> {
  return reproducibly(seed, (below) => simulated(new Shop(plant), below));
}

async function simulated(shop: Shop, below: (limit: number) => number): Promise<readonly string[]> {
  await shop.open();
  shop.start();
  shop.start();
  for (let step = 0; step < STEPS; step++) {
    const one = shop.alive[below(shop.alive.length)]!;
    switch (below(9)) {
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
        await shop.clock.advance(below(600));
        break;
      case 8:
        shop.forget();
        break;
    }
    for (let turn = below(8); turn > 0; turn--) await shop.clock.advance(below(12));
  }
  return shop.judged();
}

class Shop {
  readonly clock = virtualClock();
  readonly #database = memory({ service: 'shop', clock: this.clock });
  readonly #processes = new Map<Process, { readonly runners: readonly Runner[]; readonly open: Set<MemoryTx> }>();
  readonly #gaveUp: string[] = [];
  /** What customers were told, by the place in the log that it names. */
  readonly #told = new Map<string, string>();
  readonly #asked: Promise<void>[] = [];
  /** As processes see it. */
  readonly #seen: Database<MemoryTx>;
  readonly #order: Handler;
  #placed = 0;

  constructor(readonly plant: ProcessPlant) {
    this.#seen = { ...this.#database, ...plant(this.#database) };
    this.#order = this.#handler(Order, this.#seen);
  }

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
    const { events, checkpoints, timers, commands, ...rest } = this.#seen;
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
    const options = { database, definitions: [Order, Stock, checkout()], runner, onParked, leaseTtlMs: 300 };
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
    this.#ask(someOrder(`o-${this.#placed++}`, below), 'OrderPlaced');
  }

  /** A customer pays some order, maybe too early, too late or twice. */
  pay(below: (limit: number) => number): void {
    const orderId = `o-${this.#placed - 1 - below(Math.min(this.#placed, 8) || 1)}`;
    this.#ask(OrderCommands.Pay({ orderId }), 'OrderPaid');
  }

  /** Keys of commands that are settled are forgotten. */
  forget(): void {
    void forgetSettledKeys(this.#seen, ['commands of processes']);
  }

  async judged(): Promise<readonly string[]> {
    for (const process of this.alive) {
      process.after(Infinity, () => {});
      process.thaw();
    }
    await untilDone(this.clock, this.#asked); // nothing is wrong with a log that does not hold the last orders yet
    let turn = 0;
    do await this.clock.advance(100);
    while (turn++ < 120 && wrongWith(await this.#log()).length > 0);
    await this.clock.advance(600); // what should not happen may still
    const log = await this.#log();
    const pending = new Set((await this.#database.timers.list()).map(({ id }) => id));
    const wrong = checkProcesses(log, { pending }).map(({ text }) => text);
    const stopping = [...this.#processes].flatMap(([{ dead }, { runners }]) =>
      dead ? [] : runners.map((runner) => runner.stop()),
    );
    await untilDone(this.clock, stopping);
    return [...this.#gaveUp, ...wrong, ...wrongWith(log), ...this.#lies(log)];
  }

  /** A customer's command. Whoever is told that it was done must find it in the log. */
  #ask(command: Command, event: string): void {
    const answered = this.#order.handle(command).then(
      ({ version }) => void this.#told.set(`${command.stream} at ${version}`, event),
      () => {},
    );
    this.#asked.push(answered);
  }

  #lies(log: readonly Recorded[]): string[] {
    const stored = new Map(log.map(({ stream, version, type }) => [`${stream} at ${version}`, type]));
    return [...this.#told].flatMap(([place, event]) =>
      stored.get(place) === event ? [] : [`I1 lost-write: ${event} in ${place} was acknowledged`],
    );
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
