import type { Command, Decider, DerivedStream, Event, ProcessManager, ReadModel, Recorded } from '@logfold/core';
import { givenDecider, type GivenDecider } from './given-decider.js';
import { givenDerived, type GivenDerived } from './given-derived.js';
import { givenProcess, type GivenProcess, type ProcessInput } from './given-process.js';
import { givenReadModel, type GivenReadModel } from './given-read-model.js';

/**
 * Tests the rules of a decider, without a store.
 * @param history the events that happened before, made by their creators.
 * @example given(Stock, [StockEvents.StockReceived({ sku: 'tea', quantity: 1 })])
 *   .when(StockCommands.Reserve({ sku: 'tea', quantity: 2 }))
 *   .thenRejected('short');
 */
export function given<S, C extends Command, E extends Event>(
  decider: Decider<S, C, E>,
  history: readonly NoInfer<E>[],
): GivenDecider<S, C, E>;
/**
 * Tests what a process manager does, without a database. The history is what one instance was told, in order.
 * @example given(Checkout, [OrderEvents.OrderPlaced({ … })]).when({ timeout: 'payment' })
 *   .then([send(OrderCommands.CancelOrder({ … })), complete()]);
 */
export function given<S, E extends Event, C extends Command, N extends string>(
  process: ProcessManager<S, E, C, N>,
  history: readonly ProcessInput<NoInfer<E>, NoInfer<C>, NoInfer<N>>[],
): GivenProcess<E, C, N>;
/**
 * Tests the fold of a read model, without a database.
 * @param history events as their creators made them (position, version and so on are made up), or as they were recorded.
 * @example given(StockLevels, [StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]).thenRows([{ sku: 'tea', onHand: 1 }]);
 */
export function given<Row extends object>(
  model: ReadModel<Row>,
  history: readonly (Event | Recorded)[],
): GivenReadModel<Row>;
/**
 * Tests what a derived stream tells, without a database.
 * @example given(HourlySales, [SaleEvents.Sold({ … }), SaleEvents.Sold({ … })]).thenTold([InsightEvents.HourClosed({ … })]);
 */
export function given(stream: DerivedStream, history: readonly (Event | Recorded)[]): GivenDerived;
export function given(
  definition: Decider<unknown, Command, Event> | ProcessManager | DerivedStream | ReadModel<object>,
  history: readonly any[],
):
  GivenDecider<unknown, Command, Event> | GivenProcess<Event, Command, string> | GivenDerived | GivenReadModel<object> {
  switch (definition.kind) {
    case 'decider':
      return givenDecider(definition, history as readonly Event[]);
    case 'process manager':
      return givenProcess(definition, history as readonly Event[]);
    case 'derived stream':
      return givenDerived(definition, history as readonly Event[]);
    case 'read model':
      return givenReadModel(definition, history as readonly Event[]);
  }
}
