import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { Customer, CustomerCommands, CustomerEvents, HELD_AT_MOST, HELD_LIMIT } from './customer.js';

const customerId = 'C-1';
const suspected = CustomerEvents.CustomerSuspected({ customerId });
const screened = (orderId: string, outcome: 'held' | 'refused' | 'fraud' = 'held') =>
  CustomerEvents.OrderScreened({ customerId, orderId, outcome });
const cleared = (...held: string[]) => CustomerEvents.CustomerCleared({ customerId, held });
const screen = CustomerCommands.ScreenOrder({ customerId, orderId: 'o-2' });
const clear = CustomerCommands.ClearCustomer({ customerId });

describe('the orders of a customer', () => {
  it('go through as long as nobody suspects it', () => {
    given(Customer, []).when(screen).then([]);
    given(Customer, [suspected, cleared()]).when(screen).then([]);
    given(Customer, []).when(clear).then([]);
  });

  it('are held while it is suspected, until it is cleared', () => {
    given(Customer, []).when(CustomerCommands.SuspectCustomer({ customerId })).then([suspected]);
    given(Customer, [suspected]).when(CustomerCommands.SuspectCustomer({ customerId })).then([]);
    given(Customer, [suspected, screened('o-1')])
      .when(screen)
      .then([screened('o-2')]);
    given(Customer, [suspected, screened('o-1'), screened('o-2')])
      .when(clear)
      .then([cleared('o-1', 'o-2')]);
    given(Customer, [suspected, screened('o-1'), cleared('o-1'), suspected])
      .when(clear)
      .then([cleared()]);
  });

  it('are cancelled when it is a fraud, and so are all that come behind', () => {
    const refused = (...held: string[]) => CustomerEvents.CustomerRefused({ customerId, held });
    const refuse = CustomerCommands.RefuseCustomer({ customerId });
    given(Customer, [suspected, screened('o-1')])
      .when(refuse)
      .then([refused('o-1')]);
    given(Customer, []).when(refuse).then([refused()]);
    given(Customer, [suspected, screened('o-1'), refused('o-1')])
      .when(screen)
      .then([screened('o-2', 'fraud')]);
    for (const command of [refuse, clear, CustomerCommands.SuspectCustomer({ customerId })])
      given(Customer, [suspected, refused()]).when(command).then([]);
  });

  it('make room for others when they end', () => {
    const many = Array.from({ length: HELD_LIMIT }, (_, index) => screened(`many-${index}`));
    const ended = CustomerEvents.HeldOrderEnded({ customerId, orderId: 'many-7' });
    const forget = CustomerCommands.ForgetOrder({ customerId, orderId: 'many-7' });
    given(Customer, [suspected, ...many])
      .when(forget)
      .then([ended]);
    given(Customer, [suspected, ...many, ended])
      .when(forget)
      .then([]);
    given(Customer, [suspected, ...many, ended])
      .when(screen)
      .then([screened('o-2')]);
    given(Customer, [suspected, screened('many-7'), screened('o-1'), ended])
      .when(clear)
      .then([cleared('o-1')]);
  });

  it('are held above that when they are paid, up to a number that fits into an event', () => {
    const hold = CustomerCommands.HoldPaidOrder({ customerId, orderId: 'o-2' });
    const held = (count: number) => Array.from({ length: count }, (_, index) => screened(`many-${index}`));
    given(Customer, [suspected, ...held(HELD_LIMIT)])
      .when(hold)
      .then([screened('o-2')]);
    given(Customer, [suspected, ...held(HELD_AT_MOST)])
      .when(hold)
      .thenRejected('too-many-held');
    given(Customer, []).when(hold).then([]);
  });

  it('are refused when too many are held', () => {
    const many = Array.from({ length: HELD_LIMIT }, (_, index) => screened(`many-${index}`));
    given(Customer, [suspected, ...many])
      .when(screen)
      .then([screened('o-2', 'refused')]);
    given(Customer, [suspected, ...many, screened('o-2', 'refused')])
      .when(clear)
      .then([cleared(...many.map(({ data }) => data.orderId))]);
  });
});
