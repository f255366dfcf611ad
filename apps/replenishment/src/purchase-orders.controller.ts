import { DeliveryId, Sku } from '@logfold-example/contracts';
import { ApiCommand, ApiProblems, ApiWaitsForPosition } from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { applyDecorators, Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { PurchaseOrder, PurchaseOrders } from './purchase-orders.js';
import { Purchase, PurchaseCommands, PurchaseSchemas } from './purchase.js';

const purchaseId = { purchaseId: true } as const;
const Advice = PurchaseSchemas.AdviseShipment.omit(purchaseId).strict().meta({ id: 'AdviseShipment' });
const Refusal = PurchaseSchemas.DeclinePurchaseOrder.omit(purchaseId).strict().meta({ id: 'DeclinePurchaseOrder' });
const Changed = z.object({ version: z.number().int(), position: z.string() }).meta({ id: 'PurchaseOrderChanged' });
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  status: PurchaseOrder.shape.status.optional(),
  sku: Sku.optional(),
});

/** What is bought; and what its supplier says about it. */
@ApiTags('replenishment')
@Controller('purchase-orders')
export class PurchaseOrdersController {
  constructor(
    @InjectDecider(Purchase) private readonly purchase: HandlerOf<typeof Purchase>,
    @InjectReadModel(PurchaseOrders) private readonly orders: RowsOf<typeof PurchaseOrders>,
  ) {}

  @Get()
  @ApiProblems(400, 503)
  @ApiWaitsForPosition()
  @ApiOperation({ summary: 'Purchase orders, open ones and others' })
  @ApiOkResponse({ standardSchema: z.array(PurchaseOrder) })
  all(
    @Query({ schema: Page }) { limit, status, sku }: z.output<typeof Page>,
  ): Promise<readonly z.infer<typeof PurchaseOrder>[]> {
    const where = { ...(status === undefined ? {} : { status }), ...(sku === undefined ? {} : { sku }) };
    return this.orders.findMany(where, { limit });
  }

  @PurchaseCommand('advise', 'The supplier has sent it: the stock expects it')
  advise(
    @Param('purchaseId', { schema: DeliveryId }) purchaseId: string,
    @Body({ schema: Advice }) body: z.output<typeof Advice>,
  ): Promise<Handled> {
    return this.purchase.handle(PurchaseCommands.AdviseShipment({ ...body, purchaseId }));
  }

  @PurchaseCommand('decline', 'The supplier cannot deliver')
  decline(
    @Param('purchaseId', { schema: DeliveryId }) purchaseId: string,
    @Body({ schema: Refusal }) body: z.output<typeof Refusal>,
  ): Promise<Handled> {
    return this.purchase.handle(PurchaseCommands.DeclinePurchaseOrder({ ...body, purchaseId }));
  }
}

/** A route that changes a purchase order: POST, answered with 200 and what the stream is now. */
function PurchaseCommand(path: string, summary: string): MethodDecorator {
  return applyDecorators(
    Post(`:purchaseId/${path}`),
    HttpCode(200),
    ApiOperation({ summary }),
    ApiCommand({ standardSchema: Changed, description: 'It happened' }),
    ApiProblems(400, 422, 503),
  );
}
