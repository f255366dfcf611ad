import { FraudEvents, OrderEvents } from '@logfold-example/contracts';
import { CommandRejected, type HandlerOf, type ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { Customer, CustomerCommands } from './customer.js';
import { OrderCommands } from './order-commands.js';
import { Order } from './order.js';

interface Screened {
  readonly customerId: string;
  readonly orderId: string;
}

/**
 * Holds the orders of customers whom insight suspects: those that are placed between ordering hears of a case and of its end. The
 * order decides whether it can still be held, and what is held lets itself not be paid or shipped. Of the many that are too many
 * those that nobody has paid are cancelled. When the case of a customer is confirmed all that is held of it is cancelled, and
 * whatever it orders from then on; what was under way before ordering heard of the case goes on.
 */
@Reaction({ name: 'screen-orders', startFrom: 'beginning' })
export class ScreenOrders {
  constructor(
    @InjectDecider(Customer) private readonly customer: HandlerOf<typeof Customer>,
    @InjectDecider(Order) private readonly order: HandlerOf<typeof Order>,
  ) {}

  @On(OrderEvents.OrderPlaced)
  async placed({ data }: EventFrom<typeof OrderEvents.OrderPlaced>, { tx }: ReactionContext): Promise<void> {
    const { orderId, customerId, origin } = data;
    if (customerId === undefined || origin === 'import') return; // the stock has served imported ones already
    const screened = { customerId, orderId };
    const { events } = await this.customer.handle(CustomerCommands.ScreenOrder(screened), { tx });
    for (const event of events)
      if (event.type === 'OrderScreened')
        if (event.data.outcome === 'held') await this.#hold(screened, tx);
        else if (event.data.outcome === 'refused') await this.#refuse(screened, tx);
        else await this.order.handle(OrderCommands.CancelForFraud({ orderId }), { tx });
  }

  @On(FraudEvents.FraudCaseOpened)
  async suspected({ data }: EventFrom<typeof FraudEvents.FraudCaseOpened>, { tx }: ReactionContext): Promise<void> {
    await this.customer.handle(CustomerCommands.SuspectCustomer({ customerId: data.customerId }), { tx });
  }

  @On(FraudEvents.FraudCaseCleared)
  async cleared({ data }: EventFrom<typeof FraudEvents.FraudCaseCleared>, { tx }: ReactionContext): Promise<void> {
    const { events } = await this.customer.handle(CustomerCommands.ClearCustomer({ customerId: data.customerId }), {
      tx,
    });
    for (const event of events)
      if (event.type === 'CustomerCleared')
        for (const orderId of event.data.held) await this.order.handle(OrderCommands.LiftHold({ orderId }), { tx });
  }

  @On(FraudEvents.FraudCaseConfirmed)
  async confirmed({ data }: EventFrom<typeof FraudEvents.FraudCaseConfirmed>, { tx }: ReactionContext): Promise<void> {
    const { customerId } = data;
    const { events } = await this.customer.handle(CustomerCommands.RefuseCustomer({ customerId }), { tx });
    for (const event of events)
      if (event.type === 'CustomerRefused')
        for (const orderId of event.data.held)
          await this.order.handle(OrderCommands.CancelForFraud({ orderId }), { tx });
  }

  async #hold({ customerId, orderId }: Screened, tx: unknown): Promise<void> {
    const { events } = await this.order.handle(OrderCommands.HoldOrder({ orderId }), { tx });
    if (events.length === 0) await this.customer.handle(CustomerCommands.ForgetOrder({ customerId, orderId }), { tx });
  }

  async #refuse(screened: Screened, tx: unknown): Promise<void> {
    const { orderId } = screened;
    const reason = 'too many orders of its customer are held';
    try {
      await this.order.handle(OrderCommands.CancelOrder({ orderId, reason }), { tx });
    } catch (error) {
      if (!(error instanceof CommandRejected)) throw error;
      if (error.rejected !== 'is-paid') return; // it has ended meanwhile
      await this.customer.handle(CustomerCommands.HoldPaidOrder(screened), { tx });
      await this.#hold(screened, tx);
    }
  }
}
