import type { OrderLine } from '@logfold-example/contracts';
import { ReturnCommands } from '@logfold-example/ordering';
import type { CommandOf } from '@logfold/core';
import { between, type Random } from './random.js';

/** An order, as far as who gives pieces of it back needs to know it. */
export interface Ordered {
  readonly orderId: string;
  readonly lines: readonly OrderLine[];
}

interface Returned {
  readonly returnId: string;
  readonly lines: readonly { readonly line: number; readonly quantity: number }[];
}

/** Returns that wait for their receipt before the first of them is looked at: time for the order to answer. */
const WAITING_RETURNS = 1;

/**
 * What customers give back, and what the house finds in it. Some orders were never shipped, since the stock has cancelled them:
 * these refuse it.
 */
export class CustomerReturns {
  readonly #requested: Returned[] = [];
  readonly #received: Returned[] = [];

  constructor(
    readonly random: Random,
    private next: number,
  ) {}

  /** The next thing that somebody does about a return, if anything; `order` gives an order to request one of. */
  step(order: () => Ordered | undefined): CommandOf<typeof ReturnCommands> | undefined {
    if (this.#received.length > 0 && this.random() < 0.5) return this.#inspect(this.#received.shift()!);
    if (this.#requested.length > WAITING_RETURNS) return this.#receive(this.#requested.shift()!);
    const given = order();
    return given && this.#request(given);
  }

  #request({ orderId, lines }: Ordered): CommandOf<typeof ReturnCommands> {
    const some = lines.flatMap(({ quantity }, line) =>
      line === 0 || this.random() < 0.5 ? [{ line, quantity: between(this.random, 1, quantity) }] : [],
    );
    const returned = { returnId: `SIM-R-${this.next++}`, lines: some };
    this.#requested.push(returned);
    return ReturnCommands.RequestReturn({ ...returned, orderId });
  }

  #receive(returned: Returned): CommandOf<typeof ReturnCommands> {
    const { returnId } = returned;
    if (this.random() < 0.15) return ReturnCommands.CancelReturn({ returnId });
    this.#received.push(returned);
    return ReturnCommands.ReceiveReturn({ returnId });
  }

  #inspect({ returnId, lines }: Returned): CommandOf<typeof ReturnCommands> {
    const found = lines.map(({ line, quantity }) => {
      const scrapped = this.random() < 0.4 ? between(this.random, 1, quantity) : 0;
      return { line, scrapped, damaged: this.random() < 0.2 ? quantity - scrapped : 0 };
    });
    return ReturnCommands.InspectReturn({ returnId, lines: found });
  }
}
