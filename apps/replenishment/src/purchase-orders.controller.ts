import { DeliveryId, Sku } from '@logfold-example/contracts';
import {
  ApiProblems,
  ApiWaitsForPosition,
  asked,
  commandRoute,
  PageLimit,
  streamChanged,
} from '@logfold-example/hosting';
import type { Handled, HandlerOf, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel } from '@logfold/nestjs';
import { Body, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { PurchaseOrder, PurchaseOrders } from './purchase-orders.js';
import { Purchase, PurchaseCommands, PurchaseSchemas } from './purchase.js';

const purchaseId = { purchaseId: true } as const;
const Advice = PurchaseSchemas.AdviseShipment.omit(purchaseId).strict().meta({ id: 'AdviseShipment' });
const Refusal = PurchaseSchemas.DeclinePurchaseOrder.omit(purchaseId).strict().meta({ id: 'DeclinePurchaseOrder' });
const Changed = streamChanged('PurchaseOrderChanged');
const Page = z.object({
  limit: PageLimit,
  status: PurchaseOrder.shape.status.optional(),
  sku: Sku.optional(),
});

const PurchaseCommand = commandRoute(Changed);

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
    @Query({ schema: Page }) { limit, ...query }: z.output<typeof Page>,
  ): Promise<readonly z.infer<typeof PurchaseOrder>[]> {
    return this.orders.findMany(asked(query), { limit });
  }

  @PurchaseCommand(':purchaseId/advise', 'The supplier has sent it: the stock expects it')
  advise(
    @Param('purchaseId', { schema: DeliveryId }) purchaseId: string,
    @Body({ schema: Advice }) body: z.output<typeof Advice>,
  ): Promise<Handled> {
    return this.purchase.handle(PurchaseCommands.AdviseShipment({ ...body, purchaseId }));
  }

  @PurchaseCommand(':purchaseId/decline', 'The supplier cannot deliver')
  decline(
    @Param('purchaseId', { schema: DeliveryId }) purchaseId: string,
    @Body({ schema: Refusal }) body: z.output<typeof Refusal>,
  ): Promise<Handled> {
    return this.purchase.handle(PurchaseCommands.DeclinePurchaseOrder({ ...body, purchaseId }));
  }
}
