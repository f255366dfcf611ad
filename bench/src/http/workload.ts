import type { Schema } from '@logfold/core';

/** What each request says. */
export interface Moved {
  readonly sku: string;
  readonly quantity: number;
}

/** A check by hand: a library for schemas is not what is measured. */
export const moved: Schema<Moved> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate(value) {
      const { sku, quantity } = value as Partial<Moved>;
      if (typeof sku !== 'string' || !Number.isInteger(quantity)) return { issues: [{ message: 'is no movement' }] };
      return { value: { sku, quantity: quantity! } };
    },
  },
};

/** SKUs that are received: states of so many streams are in the cache of ours. */
export const SKUS = 1_000;

/** The body of a request; of any SKU, unless one is given. */
export function body(sku = Math.floor(Math.random() * SKUS)): string {
  return JSON.stringify({ sku: `sku-${sku}`, quantity: 1 });
}
