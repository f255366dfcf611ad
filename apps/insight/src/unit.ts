import { Location, Quantity, Sku, UnitId } from '@logfold-example/contracts';
import { commands, decider, events, reject, unchanged, type Rejection } from '@logfold/core';
import { z } from 'zod';

const Celsius = z.number().min(-100).max(100);
const unit = z.object({ unitId: UnitId });
const reading = unit.extend({ celsius: Celsius, measuredAt: z.iso.datetime() });

/** What lies in a unit, since when, and how warm it may become. */
const content = z.object({
  sku: Sku,
  location: Location,
  quantity: Quantity,
  limitCelsius: Celsius.describe('How warm it may become'),
  filledAt: z.iso.datetime(),
});

/** Half an hour that was too warm. */
const warm = unit.extend({ filledAt: z.iso.datetime(), since: z.iso.datetime(), until: z.iso.datetime() });

/** What happens to cold units, boxes or cabinets with a thermometer: private to insight, one stream per unit. */
export const UnitEvents = events(
  'insight.unit',
  { topic: null, partitions: 1 },
  {
    /** Something else lies in it from now on. */
    UnitFilled: unit.extend(content.shape),
    TemperatureRecorded: reading.extend({ limitCelsius: Celsius, filledAt: z.iso.datetime() }),
    /** It was too warm for too long: what lies in it is not to be sold. */
    UnitQuarantined: warm.extend(content.shape),
  },
);

/** The shapes of the commands, by type. */
export const UnitSchemas = {
  FillUnit: unit.extend(content.shape),
  RecordTemperature: reading,
  /** Half an hour is over that was too warm. */
  NoteExcursion: warm,
};

/** What can be told of a unit; the stream is `unit-ID`. */
export const UnitCommands = commands('insight.unit', { key: ({ unitId }) => unitId }, UnitSchemas);

/** A unit, as far as its rules need to know it. */
export interface UnitState {
  readonly content?: z.infer<typeof content>;
  readonly isQuarantined: boolean;
}

/** The rules of a unit: what lies in it goes into quarantine once, however many half hours say that it was too warm. */
export const Unit = decider({
  name: 'unit',
  commands: UnitCommands,
  events: UnitEvents,
  initial: (): UnitState => ({ isQuarantined: false }),
  evolve: {
    UnitFilled: (_, { data: { unitId: _id, ...filled } }) => ({ content: filled, isQuarantined: false }),
    TemperatureRecorded: unchanged,
    UnitQuarantined: (known) => ({ ...known, isQuarantined: true }),
  },
  decide: {
    FillUnit: ({ data }) => UnitEvents.UnitFilled(data),
    RecordTemperature: ({ data }, { content: within }) =>
      within
        ? UnitEvents.TemperatureRecorded({ ...data, limitCelsius: within.limitCelsius, filledAt: within.filledAt })
        : empty(data.unitId),
    NoteExcursion: ({ data }, { content: within, isQuarantined }) =>
      within?.filledAt !== data.filledAt || isQuarantined // other things lie in it now, or it is known
        ? []
        : UnitEvents.UnitQuarantined({ ...within, ...data }),
  },
});

function empty(unitId: string): Rejection {
  return reject('unknown', `Nothing was put into unit ${unitId}: fill it first`);
}
