import { afterEach, expect, test } from '@jest/globals';
import { forgetSettledKeys, type Database, type Recorded, type Run } from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { checkProcesses } from '../history-processes.js';
import { Bookings, booking, endsOf, open, pay, shelf, taken, touch, wholeLog } from './bookings.js';
import { contract, type OpenDatabase } from './harness.js';

let names = 0;

/** The ports together: process managers whose effects happen once, timers that fire once, rejections that come back. */
export function processesContract(name: string, openDatabase: OpenDatabase): void {
  contract(`${name}: process managers`, openDatabase, (database) => {
    const running: Bookings[] = [];
    const start = (process: ReturnType<typeof booking>, run?: Run, of = database()): Bookings => {
      const bookings = new Bookings(of, process, run);
      running.push(bookings);
      return bookings;
    };
    /** One of this test alone: from here on. */
    const begin = async (options: { readonly poison?: () => boolean; readonly run?: Run } = {}): Promise<Bookings> =>
      start(booking(newName(), { ...options, startFrom: { position: await database().events.end() } }), options.run);
    afterEach(async () => {
      await Promise.all(running.splice(0).map((bookings) => bookings.stop()));
      expect(checkProcesses(await wholeLog(database()))).toEqual([]);
    });

    test('an instance hears, remembers, sends a command and ends, all of it in its own stream', async () => {
      const { process } = await begin();
      const item = await shelf(database(), 5);
      const ticket = await open(database(), item, 2);
      await taken(database(), [ticket], process.name);
      await pay(database(), ticket);
      await ended(database(), [ticket], ['paid']);
      const types = (await database().events.readStream(`${process.name}-${ticket}`)).map(({ type }) => type);
      expect(types).toEqual([
        'logfold.EventReceived',
        'logfold.TimerSet',
        'logfold.CommandSent',
        'logfold.EventReceived',
        'logfold.EventReceived',
        'logfold.TimerCancelled',
        'BookingEnded',
        'logfold.ProcessCompleted',
      ]);
      expect(await database().timers.list(`${process.name}-${ticket}`)).toEqual([]);
    });

    test('everything that one event led to has its correlation, and says what caused it', async () => {
      const { process } = await begin();
      const ticket = await open(database(), await shelf(database(), 0));
      await ended(database(), [ticket], ['refused']);
      const [opened] = await database().events.readStream(`ticket-${ticket}`);
      const all = await database().events.readStream(`${process.name}-${ticket}`);
      expect(new Set(all.map(({ metadata }) => metadata.correlationId))).toEqual(
        new Set([opened!.metadata.correlationId]),
      );
      const sent = all.find(({ type }) => type === 'logfold.CommandSent')!;
      expect(sent.metadata.causationId).toBe(opened!.id);
      const [answer] = await database().events.readStream(`logfold_command-${sent.id}`);
      expect(answer).toMatchObject({
        type: 'logfold.CommandRejected',
        data: { commandId: sent.id, command: 'Take', rejection: { rejected: 'short', details: { free: 0 } } },
        metadata: { causationId: sent.id },
      });
    });

    test('of many events that one instance hears at once, each led to what is said to be caused by it', async () => {
      const process = booking(newName(), { startFrom: { position: await database().events.end() } });
      const ticket = await open(database(), await shelf(database(), 1));
      for (let n = 0; n < 70; n++) await touch(database(), ticket);
      start(process);
      await taken(database(), [ticket], process.name);
      const heard = (await database().events.readStream(`${process.name}-${ticket}`)).filter(
        ({ type }) => type === 'logfold.EventReceived',
      );
      const causes = heard.map(({ data }) => (data as { event: Recorded }).event);
      expect(causes.filter(({ type }) => type === 'TicketTouched')).toHaveLength(70);
      expect(heard.map(({ metadata: { causationId, correlationId } }) => [causationId, correlationId])).toEqual(
        causes.map(({ id, metadata }) => [id, metadata.correlationId]),
      );
    });

    test('a command that is rejected comes back, and is made up for', async () => {
      await begin();
      const item = await shelf(database(), 3);
      const tickets = [await open(database(), item, 2), await open(database(), item, 2)];
      await eventually(async () => expect((await endsOf(database(), tickets)).sort()).toEqual(['', 'refused']));
    });

    test('a timeout that nobody cancels acts once', async () => {
      const { process } = await begin();
      const ticket = await open(database(), await shelf(database(), 3), 2, 'PT0.05S');
      await ended(database(), [ticket], ['expired']);
      const fired = (await wholeLog(database())).filter(
        ({ type, data }) => type === 'logfold.TimerFired' && (data as { process: string }).process.endsWith(ticket),
      );
      expect(fired).toHaveLength(1);
      expect(await database().timers.list(`${process.name}-${ticket}`)).toEqual([]);
    });

    test('a timeout that is cancelled while it fires does not act', async () => {
      const bookings = await begin({ run: ['processes'] });
      const { process } = bookings;
      const item = await shelf(database(), 3);
      const ticket = await open(database(), item, 1, 'PT0.2S');
      await taken(database(), [ticket], process.name);
      await bookings.stop();
      const [timer] = await database().timers.list(`${process.name}-${ticket}`);
      await pay(database(), ticket); // stands in the log before the timer's message
      const message = `logfold_timer-${timer!.id}`;
      const firing = start(process, ['timers']);
      await eventually(async () => expect(await database().events.readStream(message)).toHaveLength(1));
      await firing.stop();
      const late = start(process);
      await ended(database(), [ticket], ['paid']);
      await eventually(() => expect(late.ignored.map(({ stream }) => stream)).toContain(message));
      expect(await endsOf(database(), [ticket])).toEqual(['paid']);
    });

    test('a timer that came due while nothing ran fires once when something does', async () => {
      const bookings = await begin({ run: ['processes'] });
      const { process } = bookings;
      const ticket = await open(database(), await shelf(database(), 1), 1, 'PT0.3S');
      await eventually(async () => {
        expect(await database().events.readStream(`${process.name}-${ticket}`)).not.toEqual([]);
      });
      await bookings.stop();
      await eventually(async () => expect(await database().timers.nextInMs()).toBeLessThanOrEqual(0));
      start(process);
      await ended(database(), [ticket], ['expired']);
    });

    test('what concerns no open instance is ignored and told: before the start, and after the end', async () => {
      const bookings = await begin();
      const ticket = await open(database(), await shelf(database(), 0));
      await touch(database(), 'nobody');
      await ended(database(), [ticket], ['refused']);
      await touch(database(), ticket);
      await eventually(() =>
        expect(bookings.ignored.map(({ data }) => (data as { ticket: string }).ticket)).toEqual(
          expect.arrayContaining(['nobody', ticket]),
        ),
      );
      expect(await database().events.readStream(`${bookings.process.name}-nobody`)).toEqual([]);
    });

    test('a first deployment from now on leaves history alone', async () => {
      const item = await shelf(database(), 1);
      const before = await open(database(), item);
      const { process } = start(booking(newName(), { startFrom: 'now' }));
      await begun(database(), process.name);
      const after = await open(database(), item);
      await taken(database(), [after], process.name);
      expect(await database().events.readStream(`${process.name}-${before}`)).toEqual([]);
    });

    test('a poison event parks its instance alone; a redrive goes on in order', async () => {
      let poison = true;
      const { process } = await begin({ poison: () => poison });
      const item = await shelf(database(), 10);
      const [sick, well] = [await open(database(), item), await open(database(), item)];
      await taken(database(), [sick, well], process.name);
      await touch(database(), sick);
      await pay(database(), sick);
      await pay(database(), well);
      await ended(database(), [sick, well], ['', 'paid']);
      const parked = await eventually(async () => {
        const [found] = (await database().parked.list()).filter(({ subscription }) => subscription === process.name);
        expect(found).toMatchObject({
          key: `${process.name}-${sick}`,
          events: 2,
          error: expect.stringContaining('poison'),
        });
        return found!;
      });
      poison = false;
      await database().parked.request(parked, { action: 'redrive', key: parked.key, who: 'ada', why: 'mended' });
      await ended(database(), [sick], ['paid']);
    });

    test.each([
      'process.after-react',
      'process.mid-compensation',
      'process.after-command',
      'process.timer-taken',
      'process.timer-fired',
      'process.after-timers',
      'subscription.before-commit',
      'subscription.after-commit',
    ])('one that fails at %s goes on by itself, and has every effect once', async (failpoint) => {
      const { process } = await begin();
      const item = await shelf(database(), 4);
      await withFailpoint(failpoint, 'throw@1', async () => {
        const paid = [await open(database(), item), await open(database(), item)];
        const expired = [await open(database(), item, 1, 'PT0.2S'), await open(database(), item, 1, 'PT0.2S')];
        const refused = [await open(database(), item, 5)];
        await ended(database(), refused, ['refused']);
        await taken(database(), paid, process.name);
        for (const ticket of paid) await pay(database(), ticket);
        await ended(database(), [...paid, ...expired], ['paid', 'paid', 'expired', 'expired']);
      });
      await eventually(async () => expect(await onShelf(database(), item)).toBe(2));
    });

    test('commands that a process brings again long after, when their keys are forgotten, act no second time', async () => {
      const bookings = await begin();
      const before = await database().events.end();
      const item = await shelf(database(), 5);
      const [takes, refused] = [await open(database(), item, 2), await open(database(), item, 9)];
      await taken(database(), [takes], bookings.process.name);
      await ended(database(), [refused], ['refused']);
      await bookings.stop();
      const sent = (await wholeLog(database())).filter(
        ({ type, position }) => type === 'logfold.CommandSent' && position > before,
      );
      await eventually(async () => {
        await forgetSettledKeys(database(), [COMMANDS]);
        expect((await database().commands.find(sent.map(({ id }) => id))).size).toBe(0);
      });
      const late = start(bookings.process, ['processes'], frozenAt(database(), before));
      await eventually(() =>
        expect(late.errors).toContainEqual(
          expect.objectContaining({ code: 'checkpoint-moved', subscription: COMMANDS }),
        ),
      );
      await late.stop();
      expect(await onShelf(database(), item)).toBe(3);
      expect(await database().events.readStream(`logfold_command-${sent[1]!.id}`)).toHaveLength(1);
    });

    test('two processes that run everything at once have every effect once', async () => {
      const { process } = await begin();
      start(process);
      const item = await shelf(database(), 12);
      const tickets = await Promise.all(Array.from({ length: 20 }, () => open(database(), item, 1, 'PT0.5S')));
      const count = async (how: string) => (await endsOf(database(), tickets)).filter((end) => end === how).length;
      await eventually(async () => expect([await count('expired'), await count('refused')]).toEqual([12, 8]));
      await eventually(async () => expect(await onShelf(database(), item)).toBe(12));
    });
  });
}

const COMMANDS = 'commands of processes';

/** A database as a process has it that loaded where commands are long ago, and was frozen until now. */
function frozenAt(database: Database, position: bigint): Database {
  const { checkpoints } = database;
  const load: typeof checkpoints.load = async (key, partitions) =>
    key.subscription === COMMANDS ? new Map([[0, { position }]]) : checkpoints.load(key, partitions);
  const frozen = { load, begin: checkpoints.begin.bind(checkpoints), move: checkpoints.move.bind(checkpoints) };
  return { ...database, checkpoints: { ...frozen, list: () => checkpoints.list() } };
}

function newName(): string {
  return `booking_${++names}`;
}

/** Waits until bookings have ended like this; '' for one that has not. */
async function ended(database: Database, tickets: readonly string[], how: readonly string[]): Promise<void> {
  await eventually(async () => expect(await endsOf(database, tickets)).toEqual(how));
}

/** Waits until a process manager has a checkpoint. */
async function begun(database: Database, process: string): Promise<void> {
  await eventually(async () => {
    expect((await database.checkpoints.list()).map(({ subscription }) => subscription)).toContain(process);
  });
}

/** How many pieces are on a shelf. */
async function onShelf(database: Database, item: string): Promise<number> {
  const moves = await database.events.readStream(`shelf-${item}`);
  const pieces = ({ type, data }: (typeof moves)[number]): number =>
    (type === 'PiecesTaken' ? -1 : 1) * (data as { pieces: number }).pieces;
  return moves.reduce((sum, move) => sum + pieces(move), 0);
}
