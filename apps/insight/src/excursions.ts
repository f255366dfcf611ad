import { UnitId } from '@logfold-example/contracts';
import { derivedStream, events, sliding } from '@logfold/core';
import { z } from 'zod';
import { UnitEvents } from './unit.js';

/** How far the first and the last reading of half an hour must be apart for it to be known. */
const KNOWN_MS = 25 * 60_000;

/** What windows tell of units, private to insight: one event for each that is too warm, so several for one warm spell. */
export const ExcursionEvents = events(
  'insight.excursion',
  { topic: null, partitions: 1 },
  {
    /** Every reading of half an hour was above the limit. */
    TemperatureExcursion: z.object({
      unitId: UnitId,
      filledAt: z.iso.datetime(),
      since: z.iso.datetime(),
      until: z.iso.datetime(),
      lowestCelsius: z.number(),
    }),
  },
);

/**
 * Half hours, one beginning every five minutes, by the times of the readings: told five minutes of that time after its end
 * when all readings were above the limit. A gap says nothing: the readings must reach from one end to the other, nearly.
 * Windows are kept for what lies in a unit: readings from before it was filled are in those of what lay in it before.
 */
export const Excursions = derivedStream({
  name: 'excursions',
  from: [UnitEvents],
  publishes: [ExcursionEvents],
  startFrom: 'beginning',
  windows: sliding('PT30M', 'PT5M'),
  lateness: 'PT5M',
  time: { TemperatureRecorded: ({ data }) => data.measuredAt },
  key: { TemperatureRecorded: ({ data }) => `${data.filledAt} ${data.unitId}` },
  initial: () => ({ unitId: '', filledAt: '', limit: 0, lowest: Number.MAX_VALUE, first: Number.MAX_VALUE, last: 0 }),
  evolve: {
    TemperatureRecorded: ({ lowest, first, last }, { data }) => ({
      unitId: data.unitId,
      filledAt: data.filledAt,
      limit: data.limitCelsius,
      lowest: Math.min(lowest, data.celsius),
      first: Math.min(first, Date.parse(data.measuredAt)),
      last: Math.max(last, Date.parse(data.measuredAt)),
    }),
  },
  close: ({ unitId, filledAt, limit, lowest, first, last }, { start, end }) =>
    lowest > limit && last - first >= KNOWN_MS
      ? ExcursionEvents.TemperatureExcursion({
          unitId,
          filledAt,
          since: start.toISOString(),
          until: end.toISOString(),
          lowestCelsius: lowest,
        })
      : undefined,
});
