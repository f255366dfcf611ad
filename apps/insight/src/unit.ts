import { Location, Quantity, Sku, UnitId } from '@logfold-example/contracts';
import { commands, decider, events, reject, unchanged, type Rejection } from '@logfold/core';
import { z } from 'zod';
import { isBefore } from './is-before.js';

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
    /** Something else lies in it from then on. */
    UnitFilled: unit.extend(content.shape),
    /** Of what lay in it at that time: which filling, and how warm that may become. */
    TemperatureRecorded: reading.extend({ limitCelsius: Celsius, filledAt: z.iso.datetime() }),
    /** It was too warm for too long: what lay in it then is not to be sold. */
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

type Filling = z.infer<typeof content> & { readonly isQuarantined: boolean };

/** A unit, as far as its rules need to know it: what lay in it, the latest last. */
export interface UnitState {
  readonly fillings: readonly Filling[];
}

/** Fillings of a unit that are remembered: readings come late, and what is told of half hours comes later. */
const FILLINGS_LIMIT = 100;

/**
 * The rules of a unit. A reading counts for what lay in it when it was measured, whenever it comes. Each filling goes into
 * quarantine once, however many half hours say that it was too warm, and also when something else lies in the unit by then.
 */
export const Unit = decider({
  name: 'unit',
  commands: UnitCommands,
  events: UnitEvents,
  initial: (): UnitState => ({ fillings: [] }),
  evolve: {
    UnitFilled: ({ fillings }, { data: { unitId: _id, ...filled } }) => ({
      fillings: [...fillings, { ...filled, isQuarantined: false }].slice(-FILLINGS_LIMIT),
    }),
    TemperatureRecorded: unchanged,
    UnitQuarantined: ({ fillings }, { data }) => ({
      fillings: fillings.map((filling) =>
        filling.filledAt === data.filledAt ? { ...filling, isQuarantined: true } : filling,
      ),
    }),
  },
  decide: {
    FillUnit: ({ data }, { fillings }) => {
      const latest = fillings.at(-1)?.filledAt;
      return latest === undefined || isBefore(latest, data.filledAt)
        ? UnitEvents.UnitFilled(data)
        : reject('filled-since', `Unit ${data.unitId} was filled at ${latest}: another filling must be later`);
    },
    RecordTemperature: ({ data }, { fillings }) => {
      const within = fillings.findLast(({ filledAt }) => !isBefore(data.measuredAt, filledAt));
      if (!within) return unknownThen(data, fillings);
      const { limitCelsius, filledAt } = within;
      return UnitEvents.TemperatureRecorded({ ...data, limitCelsius, filledAt });
    },
    NoteExcursion: ({ data }, { fillings }) => {
      const warmed = fillings.find(({ filledAt }) => filledAt === data.filledAt);
      if (!warmed)
        return reject(
          'forgotten',
          `Unit ${data.unitId} was filled ${FILLINGS_LIMIT} times since ${data.filledAt}, so what lay in it then is not ` +
            'known any more: take it out of sale by hand',
        );
      const { isQuarantined, ...of } = warmed;
      return isQuarantined ? [] : UnitEvents.UnitQuarantined({ ...of, ...data });
    },
  },
  snapshot: { version: 1 },
});

/** Why a reading counts for nothing: it is older than what lies in the unit, as far as that is known. */
function unknownThen({ unitId, measuredAt }: z.infer<typeof reading>, [oldest]: readonly Filling[]): Rejection {
  return oldest
    ? reject(
        'before-filling',
        `Unit ${unitId} was filled at ${oldest.filledAt}: what was measured at ${measuredAt} says nothing of that`,
      )
    : reject('unknown', `Nothing was put into unit ${unitId}: fill it first`);
}
