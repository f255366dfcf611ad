import { OrderId } from '@logfold-example/contracts';
import { ApiProblems, commandRoute } from '@logfold-example/hosting';
import type { CommandOf, Handled, HandleOptions, HandlerOf } from '@logfold/core';
import { IfMatch, InjectDecider } from '@logfold/nestjs';
import { applyDecorators, Body, Controller, Param } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { OrderCommands } from './order-commands.js';
import { OrderChanged, OrderRequests } from './order.requests.js';
import { Order } from './order.js';

type Changed = ReturnType<Handled['toJSON']> & { readonly orderId: string };

const OrderCommand = commandRoute(OrderChanged);

/** What can be done with an order: HTTP in, a command out. */
@ApiTags('orders')
@Controller('orders')
export class OrderCommandsController {
  constructor(@InjectDecider(Order) private readonly order: HandlerOf<typeof Order>) {}

  @OrderCommand('', 'Place an order: the stock answers it within moments')
  place(@Body({ schema: OrderRequests.PlaceOrder }) body: z.output<typeof OrderRequests.PlaceOrder>): Promise<Changed> {
    const { orderId = randomUUID() } = body;
    return this.#answer(OrderCommands.PlaceOrder({ ...body, orderId, placedAt: new Date().toISOString() }));
  }

  @OrderCommand(':orderId/pay', 'It is paid; all of it must be reserved')
  @OrderVersion()
  pay(@Param('orderId', { schema: OrderId }) orderId: string, @IfMatch() options: HandleOptions): Promise<Changed> {
    return this.#answer(OrderCommands.MarkPaid({ orderId }), options);
  }

  @OrderCommand(':orderId/ship', 'It has left the house; it must be paid')
  @OrderVersion()
  ship(@Param('orderId', { schema: OrderId }) orderId: string, @IfMatch() options: HandleOptions): Promise<Changed> {
    return this.#answer(OrderCommands.MarkShipped({ orderId }), options);
  }

  @OrderCommand(':orderId/cancel', 'It is not wanted any more; possible until it is paid')
  @OrderVersion()
  cancel(
    @Param('orderId', { schema: OrderId }) orderId: string,
    @Body({ schema: OrderRequests.CancelOrder }) body: z.output<typeof OrderRequests.CancelOrder>,
    @IfMatch() options: HandleOptions,
  ): Promise<Changed> {
    return this.#answer(OrderCommands.CancelOrder({ ...body, orderId }), options);
  }

  async #answer(command: CommandOf<typeof OrderCommands>, options: HandleOptions = {}): Promise<Changed> {
    const handled = await this.order.handle(command, options);
    const { orderId } = handled.events[0]?.data ?? command.data; // answered again: the order that was placed then
    return { orderId, ...handled.toJSON() };
  }
}

/** Documents that a route takes the version that the order must have. */
function OrderVersion(): MethodDecorator {
  const description = 'The version that the stream must have, such as "7"';
  return applyDecorators(ApiHeader({ name: 'If-Match', required: false, description }), ApiProblems(409));
}
