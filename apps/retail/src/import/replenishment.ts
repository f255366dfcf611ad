import { between, oneOf, seededRandom } from '../simulator/random.js';

/** What is missing, for which line. */
export interface Shortage {
  readonly sku: string;
  readonly invoice: string;
  readonly missing: number;
}

/** How many pieces come in when some are missing. The same for the same shortage. */
export type Replenishment = (shortage: Shortage) => number;

const PACKS = [6, 12, 24, 48];
const RESERVE_PACKS = 20;
const LIMIT = 1_000_000_000;

/**
 * Sales data has no receipts and no opening stock: this policy makes them up. A SKU comes in packs of one size; enough
 * of them come to serve the shortage, and up to twenty more to be sold later.
 */
export function seededReplenishment(seed: number): Replenishment {
  return ({ sku, invoice, missing }) => {
    const pack = oneOf(seededRandom(`${seed} ${sku}`), PACKS);
    const reserve = between(seededRandom(`${seed} ${sku} ${invoice} ${missing}`), 0, RESERVE_PACKS);
    return Math.max(missing, Math.min(LIMIT, (Math.ceil(missing / pack) + reserve) * pack));
  };
}
