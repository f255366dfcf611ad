/** Pieces held for orders, or expected of deliveries. One that holds nothing is not in it, so it stays small on the busiest stream. */
export type Held = Readonly<Record<string, number>>;

/** Own properties only: an order may be called `constructor`. */
export function heldFor(held: Held, id: string | undefined): number {
  return id !== undefined && Object.hasOwn(held, id) ? held[id]! : 0;
}

/** With so many pieces more. */
export function plus(held: Held, id: string, quantity: number): Held {
  return { ...held, [id]: heldFor(held, id) + quantity };
}

/** With so many pieces less, none at least. */
export function minus(held: Held, id: string, quantity: number): Held {
  const left = heldFor(held, id) - quantity;
  if (left > 0) return { ...held, [id]: left };
  const { [id]: _closed, ...others } = held;
  return others;
}

/** The pieces of both, by their ids. */
export function both(some: Held, others: Held): Held {
  return Object.entries(others).reduce((sum, [id, pieces]) => plus(sum, id, pieces), some);
}

/** All pieces together. */
export function sumOf(held: Held): number {
  return Object.values(held).reduce((sum, pieces) => sum + pieces, 0);
}
