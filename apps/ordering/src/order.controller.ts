import { OrderId } from '@logfold-example/contracts';
import { ApiProblems, ApiWaitsForPosition, asked } from '@logfold-example/hosting';
import type { RowsOf } from '@logfold/core';
import { InjectReadModel } from '@logfold/nestjs';
import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { OrderTracker, TrackedOrder } from './order-tracker.js';
import { OrdersPage } from './order.requests.js';

type Tracked = z.infer<typeof TrackedOrder>;

/** What there is to see of orders. The read model follows two logs: what was just done may show some milliseconds later. */
@ApiTags('orders')
@ApiProblems(400, 503)
@ApiWaitsForPosition()
@Controller('orders')
export class OrderController {
  constructor(@InjectReadModel(OrderTracker) private readonly orders: RowsOf<typeof OrderTracker>) {}

  @Get()
  @ApiOperation({ summary: 'Orders, by their numbers' })
  @ApiOkResponse({ standardSchema: z.array(TrackedOrder) })
  all(
    @Query({ schema: OrdersPage }) { limit, after, ...query }: z.output<typeof OrdersPage>,
  ): Promise<readonly Tracked[]> {
    return this.orders.findMany(asked(query), { limit, after });
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'An order: how far it is, what it costs, what the stock holds and has shipped for it' })
  @ApiOkResponse({ standardSchema: TrackedOrder })
  @ApiProblems(404)
  async one(@Param('orderId', { schema: OrderId }) orderId: string): Promise<Tracked> {
    const order = await this.orders.find({ orderId });
    if (!order) throw new NotFoundException(`There is no order ${orderId}`);
    return order;
  }
}
