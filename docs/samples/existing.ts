import { events, type } from '@logfold/core';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { LogfoldClient, LogfoldContext, LogfoldKafka } from '@logfold/nestjs/microservices';
import { Controller, Inject, Module, type INestApplication } from '@nestjs/common';
import { ClientsModule, Ctx, EventPattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { StockEvents } from './stock.js';

type Sold = { readonly sku: string; readonly quantity: number };

// #region events
export const InvoiceEvents = events(
  'shop.invoice',
  { partitions: 1, key: ({ data }) => data.sku },
  { InvoiceWritten: type<{ sku: string; quantity: number }>() },
);
// #endregion

// #region handlers
@Controller()
export class Invoicing {
  constructor(@Inject('INVOICES') private readonly invoices: ClientProxy) {}

  @EventPattern<string>('shop.stock/StockSold')
  sold(@Payload() { sku, quantity }: Sold): void {
    this.invoices.emit('shop.invoice', { sku, quantity });
  }

  @EventPattern<string>('shop.stock')
  async moved(@Payload() { sku }: Sold, @Ctx() { event, append }: LogfoldContext): Promise<void> {
    if (event.version === 1) await append(welcome(sku));
  }
}
// #endregion

// #region module
@Module({
  imports: [
    ClientsModule.registerAsync([
      {
        name: 'INVOICES',
        inject: [LogfoldServices],
        useFactory: (services: LogfoldServices) => ({
          customClass: LogfoldClient, // was: transport: Transport.KAFKA
          options: { services, events: [InvoiceEvents] },
        }),
      },
    ]),
    LogfoldModule.forFeature([StockEvents]),
  ],
  controllers: [Invoicing],
})
export class InvoicingModule {}
// #endregion

// #region strategy
export async function listen(app: INestApplication): Promise<void> {
  const strategy = new LogfoldKafka({
    services: app.get(LogfoldServices),
    name: 'invoicing', // was: the consumer group
    from: [StockEvents],
    startFrom: 'beginning',
  });
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
}
// #endregion

function welcome(sku: string) {
  const invoice = InvoiceEvents.InvoiceWritten({ sku, quantity: 0 });
  return { stream: `invoice-${sku}`, events: [invoice], expected: 'any' as const };
}
