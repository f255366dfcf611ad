import { Location } from '@logfold-example/contracts';
import { PageLimit } from '@logfold-example/hosting';
import { z } from 'zod';
import { StockSchemas } from './stock-commands.js';

const sku = { sku: true } as const;

/** The bodies of the requests: what a command needs, less the SKU, which is in the path. Unknown fields are refused. */
export const StockRequests = {
  ReceiveStock: StockSchemas.ReceiveStock.omit({ ...sku, simulated: true })
    .strict()
    .meta({ id: 'ReceiveStock' }),
  ExpectDelivery: StockSchemas.ExpectDelivery.omit(sku).strict().meta({ id: 'ExpectDelivery' }),
  CallOffDelivery: StockSchemas.CallOffDelivery.omit(sku).strict().meta({ id: 'CallOffDelivery' }),
  Reserve: StockSchemas.Reserve.omit(sku).strict().meta({ id: 'Reserve' }),
  Release: StockSchemas.Release.omit(sku).strict().meta({ id: 'Release' }),
  Commit: StockSchemas.Commit.omit(sku).strict().meta({ id: 'Commit' }),
  Ship: StockSchemas.Ship.omit(sku).strict().meta({ id: 'Ship' }),
  Return: StockSchemas.Return.omit(sku).strict().meta({ id: 'Return' }),
  Damage: StockSchemas.Damage.omit(sku).strict().meta({ id: 'Damage' }),
  Repair: StockSchemas.Repair.omit(sku).strict().meta({ id: 'Repair' }),
  Scrap: StockSchemas.Scrap.omit(sku).strict().meta({ id: 'Scrap' }),
  SetReorderPoint: StockSchemas.SetReorderPoint.omit(sku).strict().meta({ id: 'SetReorderPoint' }),
  Adjust: StockSchemas.Adjust.omit(sku).strict().meta({ id: 'Adjust' }),
};

/** What a command answers. */
export const StockChanged = z
  .object({
    version: z.number().int().describe('The version of the stream now, for If-Match'),
    position: z.string().describe('The position of the last event in the log'),
  })
  .meta({ id: 'StockChanged' });

/** Which part of the board is wanted: the rows behind `after`, at one location or everywhere. */
export const BoardPage = z.object({
  limit: PageLimit,
  location: Location.optional(),
  after: z
    .string()
    .regex(/^.+@[^@]+$/, 'must be SKU@LOCATION, as in the last row of the page before')
    .transform((text) => ({
      sku: text.slice(0, text.lastIndexOf('@')),
      location: text.slice(text.lastIndexOf('@') + 1),
    }))
    .optional(),
});

/** What can be promised by a day. */
export const PromiseBy = z.object({
  by: z.iso.date().describe('With what is due by then; every delivery unless given').optional(),
});

/** A point of the log: by position, or by time. */
export const AsOf = z
  .object({
    position: z
      .string()
      .regex(/^\d{1,18}$/, 'must be a whole number, such as the position that a command answered')
      .transform(BigInt)
      .optional(),
    time: z.iso
      .datetime({ offset: true })
      .transform((time) => new Date(time))
      .optional(),
  })
  .transform(({ position, time }, context) => {
    if (position !== undefined && time === undefined) return { position };
    if (time !== undefined && position === undefined) return { time };
    context.addIssue({ code: 'custom', message: 'needs either a position or a time', path: ['position'] });
    return z.NEVER;
  });

/** The type of a request's body, once it was validated. */
export type BodyOf<Type extends keyof typeof StockRequests> = z.output<(typeof StockRequests)[Type]>;
