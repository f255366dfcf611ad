import { FraudEvents, pseudonymOf } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import { FraudCase, FraudCaseCommands } from './fraud-case.js';
import { FraudQueue } from './fraud-queue.js';
import { SaleEvents } from './sales.js';
import { SpendingByCustomer, SUSPICIOUS_TOTAL, SuspicionEvents } from './spending.js';

const customerId = 'C-1';
const at = (time: string) => `2026-01-05T${time}:00.000Z`;
let orders = 0;
const sale = (time: string, total: number, of: { customerId?: string; currency?: string } = { customerId }) =>
  SaleEvents.SaleRecorded({
    orderId: `o-${++orders}`,
    currency: 'GBP',
    ...of,
    placedAt: at(time),
    pieces: 1,
    total,
    skus: [],
  });
const hour = (since: string, until: string, rest: { orders?: number; total?: number; currency?: string } = {}) => {
  return {
    customerId,
    currency: 'GBP',
    orders: 2,
    total: SUSPICIOUS_TOTAL + 1,
    ...rest,
    since: at(since),
    until: at(until),
  };
};
const half = SUSPICIOUS_TOTAL / 2;
const later = sale('12:00', 1, {}); // of nobody known, and time moves on

describe('what a customer spends', () => {
  it('is suspicious above the limit, in each hour that holds so much', () => {
    given(SpendingByCustomer, [sale('09:05', half), sale('09:45', half + 1), later]).thenTold(
      [
        ['08:50', '09:50'],
        ['09:00', '10:00'],
      ].map(([since, until]) => SuspicionEvents.FraudSuspected(hour(since!, until!))),
    );
  });

  it.each([
    ['at the limit', [sale('09:05', half), sale('09:45', half)]],
    ['over more than an hour', [sale('09:05', half), sale('10:05', half + 1)]],
    ['by two customers', [sale('09:05', half), sale('09:45', half + 1, { customerId: 'C-2' })]],
    ['in two currencies', [sale('09:05', half), sale('09:45', half + 1, { customerId, currency: 'EUR' })]],
    ['by nobody known', [sale('09:05', half, {}), sale('09:45', half + 1, {})]],
  ])('is not suspicious %s', (_how, sales) => {
    given(SpendingByCustomer, [...sales, later]).thenTold([]);
  });

  it('counts an order that comes ten minutes late, and stays a number that JSON keeps', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const sales = [sale('09:59', most), sale('10:08', 1, {}), sale('09:01', most), later];
    given(SpendingByCustomer, sales.slice(0, 3)).thenLate(1); // for the hours that were over by then
    given(SpendingByCustomer, sales).thenTold(
      [
        ['09:00', '10:00', 2],
        ['09:10', '10:10', 1],
        ['09:20', '10:20', 1],
        ['09:30', '10:30', 1],
        ['09:40', '10:40', 1],
        ['09:50', '10:50', 1],
      ].map(([since, until, of]) =>
        SuspicionEvents.FraudSuspected(hour(String(since), String(until), { orders: Number(of), total: most })),
      ),
    );
  });
});

describe('the case of a customer', () => {
  const first = hour('08:50', '09:50');
  const opened = FraudEvents.FraudCaseOpened(first);
  const caseId = pseudonymOf(customerId);
  const extended = (...of: Parameters<typeof hour>) => FraudEvents.FraudCaseExtended(hour(...of));
  const cleared = FraudEvents.FraudCaseCleared({ customerId, note: 'a new shop' });
  const clear = FraudCaseCommands.ClearCase({ caseId, note: 'a new shop' });

  it('has a stream whose name does not say who it is', () => {
    expect(clear.stream).toMatch(/^fraud_case-[0-9a-f]{32}$/);
    expect(FraudCaseCommands.OpenCase(first).stream).toBe(clear.stream);
    expect(() => FraudCaseCommands.ClearCase({ caseId: customerId, note: 'a new shop' })).toThrow('as the queue shows');
  });

  it('is opened once, and cleared once', () => {
    given(FraudCase, []).when(FraudCaseCommands.OpenCase(first)).then([opened]);
    given(FraudCase, [opened]).when(FraudCaseCommands.OpenCase(first)).then([]);
    given(FraudCase, [opened]).when(clear).then([cleared]);
    for (const history of [[], [opened, cleared]]) given(FraudCase, history).when(clear).thenRejected('no-open-case');
  });

  it('grows as long as it is open, with windows that are later or larger', () => {
    const { total } = first;
    given(FraudCase, [opened])
      .when(FraudCaseCommands.OpenCase(hour('12:00', '13:00', { orders: 1, total: total - 1 })))
      .then([extended('08:50', '13:00')]);
    given(FraudCase, [opened])
      .when(FraudCaseCommands.OpenCase(hour('08:50', '09:50', { orders: 3, total: total + 1, currency: 'EUR' })))
      .then([extended('08:50', '09:50', { orders: 3, total: total + 1, currency: 'EUR' })]);
    given(FraudCase, [opened, extended('08:50', '13:00', { orders: 3, total: total + 1 })])
      .when(FraudCaseCommands.OpenCase(hour('08:40', '09:40', { orders: 4, total: total + 2 })))
      .then([extended('08:40', '13:00', { orders: 4, total: total + 2 })]);
    given(FraudCase, [opened, extended('08:50', '13:00', { orders: 3, total: total + 1 })])
      .when(FraudCaseCommands.OpenCase(hour('11:00', '12:00')))
      .then([]);
  });

  it('keeps what it has grown by when it is cleared', () => {
    given(FraudCase, [opened, extended('08:50', '13:00'), cleared])
      .when(FraudCaseCommands.OpenCase(hour('12:10', '13:10')))
      .then([]);
    given(FraudCase, [opened, extended('08:50', '13:00'), cleared])
      .when(FraudCaseCommands.OpenCase(hour('13:00', '14:00')))
      .then([FraudEvents.FraudCaseOpened(hour('13:00', '14:00'))]);
  });

  it('is not opened again for orders that were looked at, and is for others', () => {
    given(FraudCase, [opened, cleared])
      .when(FraudCaseCommands.OpenCase(hour('09:40', '10:40')))
      .then([]);
    given(FraudCase, [opened, cleared])
      .when(FraudCaseCommands.OpenCase(hour('09:50', '10:50')))
      .then([FraudEvents.FraudCaseOpened(hour('09:50', '10:50'))]);
  });

  it('is closed for good when it is fraud', () => {
    const confirm = FraudCaseCommands.ConfirmFraud({ caseId, note: 'stolen cards' });
    const confirmed = FraudEvents.FraudCaseConfirmed({ customerId, note: 'stolen cards' });
    given(FraudCase, [opened]).when(confirm).then([confirmed]);
    given(FraudCase, [opened, confirmed])
      .when(FraudCaseCommands.OpenCase(hour('12:00', '13:00')))
      .then([]);
    given(FraudCase, [opened, confirmed]).when(clear).thenRejected('no-open-case');
    for (const history of [[], [opened, cleared], [opened, confirmed]])
      given(FraudCase, history).when(confirm).thenRejected('no-open-case');
    given(FraudQueue, [opened, confirmed]).thenRows([]);
  });

  it('is in the queue until it is cleared', () => {
    given(FraudQueue, [opened]).thenRows([{ caseId, ...first }]);
    given(FraudQueue, [opened, extended('08:50', '13:00')]).thenRows([{ caseId, ...hour('08:50', '13:00') }]);
    given(FraudQueue, [opened, cleared]).thenRows([]);
  });
});
