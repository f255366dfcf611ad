import { QuarantineStockCommands } from '@logfold-example/contracts';
import { complete, processManager, send, type HandlerOf, type ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction, type EventFrom } from '@logfold/nestjs';
import { ExcursionEvents } from './excursions.js';
import { Unit, UnitCommands, UnitEvents } from './unit.js';

/** Tells a unit of half hours that were too warm for it. */
@Reaction({ name: 'note-excursions', startFrom: 'beginning' })
export class NoteExcursions {
  constructor(@InjectDecider(Unit) private readonly unit: HandlerOf<typeof Unit>) {}

  @On(ExcursionEvents.TemperatureExcursion)
  async warm(
    { data: { unitId, filledAt, since, until } }: EventFrom<typeof ExcursionEvents.TemperatureExcursion>,
    { tx }: ReactionContext,
  ): Promise<void> {
    await this.unit.handle(UnitCommands.NoteExcursion({ unitId, filledAt, since, until }), { tx });
  }
}

/** Has the inventory take out of sale what lay in a unit that was too warm: one instance for each filling. */
export const Quarantine = processManager({
  name: 'quarantine',
  from: [UnitEvents],
  sends: [QuarantineStockCommands],
  startFrom: 'beginning',
  startedBy: ['UnitQuarantined'],
  key: { UnitQuarantined: ({ data }) => `${data.filledAt} ${data.unitId}` },
  initial: () => ({}),
  evolve: {},
  react: {
    UnitQuarantined: (_, { data: { unitId, sku, location, quantity } }) => [
      send(QuarantineStockCommands.Quarantine({ unitId, sku, location, quantity })),
      complete(),
    ],
  },
});
