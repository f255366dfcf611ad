import { z } from 'zod';

/** Text that people and machines type: no control characters, no half surrogate pairs, nothing that jsonb refuses. */
const text = (limit: number) =>
  z
    .string()
    .min(1)
    .max(limit)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

/** A stock keeping unit: what is sold under one number, such as `85123A`. */
export const Sku = text(100);

/** Where stock lies: a shop or a warehouse. Has no `@`, which divides it from the SKU in the name of a stream. */
export const Location = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be letters, digits, "_", "." or "-", such as "main"');

/** What a product is called. */
export const ProductName = text(200);

/** Pieces that move: a whole number from 1 to a thousand million. */
export const Quantity = z.number().int().positive().max(1_000_000_000);

/** Pieces that a count found missing (negative) or too many (positive). */
export const Difference = z
  .number()
  .int()
  .min(-1_000_000_000)
  .max(1_000_000_000)
  .refine((quantity) => quantity !== 0, 'must not be 0');

/** Pieces that somebody counted: none, or up to a thousand million. */
export const Counted = z.number().int().min(0).max(1_000_000_000);

/** A count of the pieces of one SKU at one location. */
export const CountId = text(100);

/** The order that something happens for. */
export const OrderId = text(100);

/** Pieces of an order that come back, under a number of their own. */
export const ReturnId = text(100);

/** A delivery that a supplier has announced. */
export const DeliveryId = text(100);

/** A box or a cabinet that keeps something cold. */
export const UnitId = text(100);

/** Why stock was adjusted, in the words of the person who did it. */
export const Reason = text(500);

/** A three-letter currency of ISO 4217. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, such as "GBP"');

/** Behind every currency in the order of keys: a page that begins behind it begins with the next day or hour. */
export const LAST_CURRENCY = '\u{10FFFF}';

/** A price in thousandths of its currency: 2550 is 2.55. A million of the currency at most. */
export const UnitPrice = z.number().int().min(0).max(1_000_000_000);

/** Who buys. */
export const CustomerId = text(100);

/** Where a customer is at home, in whatever words. */
export const Country = text(100);

/** How long something waits, as ISO 8601 writes it in one unit: `PT90S`, `PT30M`, `PT24H`. */
export const Patience = z
  .templateLiteral(['PT', z.int(), z.enum(['S', 'M', 'H'])])
  .refine(
    (duration) => /^PT[1-9]\d{0,3}[SMH]$/.test(duration),
    'must be a time such as "PT30M", of four digits at most',
  );
