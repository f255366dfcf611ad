import { Sku } from '@logfold-example/contracts';
import { ApiProblems, commandRoute } from '@logfold-example/hosting';
import type { Handled, HandleOptions, HandlerOf } from '@logfold/core';
import { IfMatch, InjectDecider } from '@logfold/nestjs';
import { Body, Controller, Param } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { StockCommands } from './stock-commands.js';
import { StockChanged, StockRequests, type BodyOf } from './stock.requests.js';
import { Stock } from './stock.js';

const StockCommand = commandRoute(StockChanged);

/** What can be done with the stock of a SKU: HTTP in, a command out. */
@ApiTags('stock')
@ApiHeader({ name: 'If-Match', required: false, description: 'The version that the stream must have, such as "7"' })
@ApiProblems(409)
@Controller('inventory/stock/:sku')
export class StockCommandsController {
  constructor(@InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>) {}

  @StockCommand('receive', 'Goods came in')
  receive(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.ReceiveStock }) body: BodyOf<'ReceiveStock'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.ReceiveStock({ ...body, sku }), options);
  }

  @StockCommand('expect', 'A delivery was announced')
  expect(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.ExpectDelivery }) body: BodyOf<'ExpectDelivery'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.ExpectDelivery({ ...body, sku }), options);
  }

  @StockCommand('call-off', 'An announced delivery will not come')
  callOff(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.CallOffDelivery }) body: BodyOf<'CallOffDelivery'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.CallOffDelivery({ ...body, sku }), options);
  }

  @StockCommand('reserve', 'Set available pieces aside for an order')
  reserve(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Reserve }) body: BodyOf<'Reserve'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Reserve({ ...body, sku }), options);
  }

  @StockCommand('release', 'Make reserved pieces available again')
  release(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Release }) body: BodyOf<'Release'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Release({ ...body, sku }), options);
  }

  @StockCommand('commit', 'Turn reserved pieces into ones that will be shipped')
  commit(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Commit }) body: BodyOf<'Commit'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Commit({ ...body, sku }), options);
  }

  @StockCommand('ship', 'Ship what is committed to the order; without a reservation, what is available')
  ship(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Ship }) body: BodyOf<'Ship'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Ship({ ...body, sku }), options);
  }

  @StockCommand('return', 'Pieces came back and can be sold again')
  takeBack(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Return }) body: BodyOf<'Return'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Return({ ...body, sku }), options);
  }

  @StockCommand('damage', 'Available pieces are damaged')
  damage(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Damage }) body: BodyOf<'Damage'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Damage({ ...body, sku }), options);
  }

  @StockCommand('repair', 'Damaged pieces can be sold after all')
  repair(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Repair }) body: BodyOf<'Repair'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Repair({ ...body, sku }), options);
  }

  @StockCommand('scrap', 'Damaged pieces are thrown away')
  scrap(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Scrap }) body: BodyOf<'Scrap'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Scrap({ ...body, sku }), options);
  }

  @StockCommand('adjust', 'Correct what is on hand, up or down')
  adjust(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.Adjust }) body: BodyOf<'Adjust'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.Adjust({ ...body, sku }), options);
  }

  @StockCommand('reorder-point', 'Say below how many available pieces it is to be bought again')
  reorderPoint(
    @Param('sku', { schema: Sku }) sku: string,
    @Body({ schema: StockRequests.SetReorderPoint }) body: BodyOf<'SetReorderPoint'>,
    @IfMatch() options: HandleOptions,
  ): Promise<Handled> {
    return this.stock.handle(StockCommands.SetReorderPoint({ ...body, sku }), options);
  }
}
