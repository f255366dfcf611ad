import { describe, expect, it } from '@jest/globals';
import { DatabaseUnavailable, logfold, type HandlerOf } from '@logfold/core';
import { Shelf } from '@logfold-example/insight';
import { Count, Stock } from '@logfold-example/inventory';
import { Order, Return } from '@logfold-example/ordering';
import { memory, virtualClock } from '@logfold/testing';
import { startSimulator } from './simulator.js';
import { trader } from './trader.js';

/** A command of any service. */
type Handle = (command: { readonly stream: string }) => Promise<never>;

describe('the simulator', () => {
  it('trades at its rate, whatever is refused, until it is stopped', async () => {
    const shop = logfold({
      database: memory({ service: 'shop' }),
      definitions: [Stock, Count, Order, Return, Shelf],
      run: 'nothing',
    });
    await shop.start();
    const { clock, handled, stop } = simulator((command) => {
      const decider = [Stock, Count, Order, Return, Shelf].find(({ name }) => command.stream.startsWith(`${name}-`))!;
      return shop.handler(decider).handle(command as never) as never;
    });
    await clock.advance(99_500);
    expect(handled()).toBe(200);
    await stop();
    await clock.advance(10_000);
    expect(handled()).toBe(200);
  });

  it('waits while the database is away, says so once, and then tries the same command again', async () => {
    let away = 3;
    const streams: string[] = [];
    const { clock, lines, stop } = simulator(async ({ stream }) => {
      streams.push(stream);
      if (away-- > 0) throw new DatabaseUnavailable('The database is away');
      return undefined as never;
    });
    await clock.advance(60_000);
    await stop();
    const [first] = trader(1, clock.now());
    expect(streams.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => first!.command.stream));
    expect(lines).toEqual([
      'A simulator trades, 2 commands a second',
      'The simulator waits: The database is away',
      'The simulator trades again',
    ]);
  });

  it('waits at its stop for the command under way', async () => {
    let finish = (): void => {};
    const { clock, stop } = simulator(() => new Promise((resolve) => (finish = () => resolve(undefined as never))));
    await clock.advance(0);
    let stopped = false;
    const stopping = stop().then(() => (stopped = true));
    await clock.advance(1_000);
    expect(stopped).toBe(false);
    finish();
    await stopping;
  });
});

function simulator(handle: Handle) {
  const clock = virtualClock();
  const lines: string[] = [];
  let handled = 0;
  const handler = {
    handle(command: { readonly stream: string; readonly type?: string }) {
      if (command.type !== 'RecordCount') handled += 1; // one trade with the start of the count
      return handle(command);
    },
  };
  const { stop } = startSimulator({
    stock: handler as HandlerOf<typeof Stock>,
    count: handler as HandlerOf<typeof Count>,
    onHand: async () => 1,
    order: handler as HandlerOf<typeof Order>,
    returned: handler as HandlerOf<typeof Return>,
    shelf: handler as HandlerOf<typeof Shelf>,
    seed: 1,
    perSecond: 2,
    log: (line) => lines.push(line),
    clock,
  });
  return { clock, lines, handled: () => handled, stop };
}
