import { afterEach, expect, test } from '@jest/globals';
import {
  derivedRunners,
  derivedStream,
  eventCatalog,
  events,
  sliding,
  type,
  uuidv7,
  type Database,
  type DerivedStream,
  type Recorded,
  type Runner,
} from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { derivedBy } from '../given-derived.js';
import { contract, type OpenDatabase } from './harness.js';

const Readings = events(
  'conformance.reading',
  { topic: null, partitions: 1 },
  { ReadingTaken: type<{ sensor: string; at: string; value: number }>() },
);
const Summaries = events(
  'conformance.summary',
  { topic: null, partitions: 1 },
  { WindowClosed: type<{ of: string; sensor: string; start: string; sum: number; readings: number }>() },
);

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2030, 5, 1);

/** Sums by hour, every twenty minutes, of what comes ten minutes late at most. Negative values are of no sensor. */
function sums(startFrom: bigint): DerivedStream {
  const name = `sums_${uuidv7().replaceAll('-', '')}`;
  return derivedStream({
    name,
    from: [Readings],
    publishes: [Summaries],
    startFrom: { position: startFrom },
    windows: sliding('PT60M', 'PT20M'),
    lateness: 'PT10M',
    time: { ReadingTaken: ({ data }) => data.at },
    key: { ReadingTaken: ({ data }) => (data.value < 0 ? undefined : data.sensor) },
    initial: () => ({ sum: 0, readings: 0 }),
    evolve: { ReadingTaken: ({ sum, readings }, { data }) => ({ sum: sum + data.value, readings: readings + 1 }) },
    close: (state, { key: sensor, start }) =>
      state.readings < 2
        ? undefined
        : Summaries.WindowClosed({ of: name, sensor, start: start.toISOString(), ...state }),
  });
}

/** The ports together: windows over the time of events, told once, as a plain fold of the log tells them. */
export function derivedContract(name: string, openDatabase: OpenDatabase): void {
  contract(`${name}: derived streams`, openDatabase, (database) => {
    const running: Runner[] = [];
    const start = (stream: DerivedStream): void => {
      const catalog = eventCatalog([Readings, Summaries]);
      const runner = { backoff: { firstMs: 2, maxMs: 10 } };
      const made = derivedRunners({ database: database(), definitions: [stream], runner }, catalog, uuidv7());
      running.push(...made);
      for (const each of made) each.start();
    };
    const stop = async (): Promise<void> => {
      await Promise.all(running.splice(0).map((runner) => runner.stop()));
    };
    afterEach(stop);

    test('a window is told when the time of events has passed it, and once', async () => {
      const stream = sums(await database().events.end());
      start(stream);
      await take(database(), ['a', 0, 1], ['a', 59, 2], ['a', 69, 4], ['a', 89, 8], ['b', 95, 16]);
      await told(database(), stream);
      const found = (await toldBy(database(), stream)).map(({ data }) => [data.start.slice(11, 16), data.sum]);
      expect(found).toEqual([
        ['00:00', 3],
        ['00:20', 6],
      ]);
    });

    test('an event whose windows are closed changes nothing, and is counted', async () => {
      const stream = sums(await database().events.end());
      start(stream);
      await take(database(), ['a', 0, 1], ['a', 1, 1], ['a', 200, 1], ['a', 2, 64], ['a', 195, 1]);
      await told(database(), stream);
      expect(await progress(database(), stream)).toMatchObject({ late: 1, ms: START_MS + 200 * MINUTE_MS });
      expect((await toldBy(database(), stream)).every(({ data }) => data.sum === 2)).toBe(true);
    });

    test.each(['subscription.before-commit', 'subscription.after-commit', 'derived.mid-close'])(
      'what comes out is the plain fold, however the log is cut, in disorder, though the loop fails again and again at %s',
      async (failpoint) => {
        const stream = sums(await database().events.end());
        const draw = seeded(failpoint.length);
        let hits = 0;
        const fail = (): void => {
          if (++hits % 3 === 1) throw new TypeError(`hit ${hits}`);
        };
        await withFailpoint(failpoint, fail, async () => {
          start(stream);
          for (let minute = 0, chunk = 0; chunk < 40; chunk++) {
            const readings = Array.from({ length: 1 + draw(12) }, (): Reading => {
              minute += draw(9);
              const at = draw(4) === 0 ? minute - draw(200) : minute;
              return [['a', 'b', 'é', 'ü'][draw(4)]!, at, draw(30) - 2];
            });
            await take(database(), ...readings);
            if (chunk % 5 === 4) await told(database(), stream);
          }
          await told(database(), stream);
        });
        expect(hits).toBeGreaterThan(3);
        const { late } = derivedBy(stream, await readingsOf(database(), stream));
        expect(late).toBeGreaterThan(0);
        await stop();

        const again = { ...sums(0n), startFrom: stream.startFrom }; // all at once, and later
        start(again);
        await told(database(), again);
        const bare = async (one: DerivedStream) =>
          (await toldBy(database(), one)).map(({ data: { of: _of, ...data } }) => data).sort(byStart);
        expect(await bare(again)).toEqual(await bare(stream));
      },
      60_000,
    );
  });
}

/** A sensor, minutes behind the start, and a value. */
type Reading = readonly [string, number, number];

interface Told {
  readonly of: string;
  readonly sensor: string;
  readonly start: string;
  readonly sum: number;
}

async function take({ events: store }: Database, ...readings: readonly Reading[]): Promise<void> {
  const made = readings.map(([sensor, minute, value]) =>
    Readings.ReadingTaken({ sensor, at: new Date(START_MS + minute * MINUTE_MS).toISOString(), value }),
  );
  await store.append({ stream: 'reading-all', events: made, expected: 'any' });
}

/** Waits until a stream has told, of each sensor in order, what a plain fold tells, and counted what that one counts. */
async function told(database: Database, stream: DerivedStream): Promise<void> {
  await eventually(
    async () => {
      const expected = derivedBy(stream, await readingsOf(database, stream));
      const { late, open } = await progress(database, stream);
      expect({ late, open }).toEqual({ late: expected.late, open: expected.open });
      const bySensor = (all: readonly { data: Told }[]) =>
        Map.groupBy(
          all.map(({ data }) => data),
          ({ sensor }) => sensor,
        );
      expect(bySensor(await toldBy(database, stream))).toEqual(bySensor(expected.told as readonly { data: Told }[]));
    },
    { timeoutMs: 25_000 },
  );
}

async function progress({ openWindows }: Database, { name }: DerivedStream) {
  const found = (await openWindows.list()).find(({ stream }) => stream === name);
  return found ?? { late: 0, open: 0, ms: undefined };
}

async function readingsOf(database: Database, { startFrom }: DerivedStream): Promise<Recorded[]> {
  return logged(database, 'ReadingTaken', (startFrom as { position: bigint }).position);
}

async function toldBy(database: Database, { name }: DerivedStream): Promise<(Recorded & { readonly data: Told })[]> {
  return (await logged(database, 'WindowClosed', 0n)).filter(({ data }) => (data as Told).of === name);
}

async function logged({ events: store }: Database, of: string, after: bigint): Promise<Recorded[]> {
  const found: Recorded[] = [];
  for await (const { events: some } of store.readLog({ after, types: [of] })) found.push(...some);
  return found;
}

function byStart(a: Omit<Told, 'of'>, b: Omit<Told, 'of'>): number {
  return `${a.start} ${a.sensor}` < `${b.start} ${b.sensor}` ? -1 : 1;
}

/** Whole numbers below a limit, the same for the same seed. */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
