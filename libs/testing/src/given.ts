import type { Command, Decider, Event, ReadModel, Recorded } from '@logfold/core';
import { givenDecider, type GivenDecider } from './given-decider.js';
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
 * Tests the fold of a read model, without a database.
 * @param history events as their creators made them (position, version and so on are made up), or as they were recorded.
 * @example given(StockLevels, [StockEvents.StockReceived({ sku: 'tea', quantity: 1 })]).thenRows([{ sku: 'tea', onHand: 1 }]);
 */
export function given<Row extends object>(
  model: ReadModel<Row>,
  history: readonly (Event | Recorded)[],
): GivenReadModel<Row>;
export function given(
  definition: Decider<unknown, Command, Event> | ReadModel<object>,
  history: readonly (Event | Recorded)[],
): GivenDecider<unknown, Command, Event> | GivenReadModel<object> {
  return definition.kind === 'decider' ? givenDecider(definition, history) : givenReadModel(definition, history);
}
