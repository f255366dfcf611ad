import type { Shelf } from '@logfold-example/insight';
import { CountCommands, type Count, type Stock } from '@logfold-example/inventory';
import type { Order, Return } from '@logfold-example/ordering';
import { backoffMs, CommandRejected, systemClock, type Clock, type HandlerOf } from '@logfold/core';
import { trader, type Trade } from './trader.js';

/** The parts of a simulator. */
export interface SimulatorOptions {
  readonly stock: HandlerOf<typeof Stock>;
  readonly count: HandlerOf<typeof Count>;
  /** How many pieces the ledger has on hand there. */
  readonly onHand: (place: { readonly sku: string; readonly location: string }) => Promise<number>;
  readonly order: HandlerOf<typeof Order>;
  readonly returned: HandlerOf<typeof Return>;
  readonly shelf: HandlerOf<typeof Shelf>;
  /** What the trader does follows from it. */
  readonly seed: number;
  /** Commands per second, about. */
  readonly perSecond: number;
  /** Told when it begins, and once when it cannot go on for a while. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
}

/** A simulator at work. */
export interface Simulator {
  /** Resolves when the command under way has ended. Idempotent. */
  stop(): Promise<void>;
}

const BACKOFF = { firstMs: 500, maxMs: 10_000 };

/**
 * Trades, so that there is something to see: a few dozen phones and laptops in a few shops, and orders that are placed,
 * paid, shipped and maybe given back, shoppers who look, and people who count. Refused commands are part of trading; while the database is away it waits and tries the same command again.
 */
export function startSimulator(options: SimulatorOptions): Simulator {
  const stopping = new AbortController();
  const trading = trade(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await trading;
    },
  };
}

async function trade(
  { stock, count, onHand, order, returned, shelf, seed, perSecond, log, clock = systemClock }: SimulatorOptions,
  signal: AbortSignal,
): Promise<void> {
  log(`A simulator trades, ${perSecond} commands a second`);
  const pauseMs = 1_000 / perSecond;
  const handle = async (trading: Trade): Promise<unknown> => {
    const { service, command } = trading;
    if (service === 'counts') {
      await count.handle(command);
      const counted = Math.max(0, (await onHand(command.data)) + trading.variance);
      return count.handle(CountCommands.RecordCount({ countId: command.data.countId, counted }));
    }
    if (service === 'inventory') return stock.handle(command);
    if (service === 'ordering') return order.handle(command);
    return service === 'returns' ? returned.handle(command) : shelf.handle(command);
  };
  let failures = 0;
  for (const trade of trader(seed, clock.now(), () => clock.now())) {
    while (!signal.aborted) {
      const error = await handle(trade).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined || error instanceof CommandRejected) break;
      if (failures === 0) log(`The simulator waits: ${error instanceof Error ? error.message : String(error)}`);
      await clock.sleep(backoffMs(BACKOFF, failures++), signal);
    }
    if (signal.aborted) return;
    if (failures > 0) log('The simulator trades again');
    failures = 0;
    await clock.sleep(pauseMs, signal);
  }
}
