import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commandRoute, creatorsOf, uuidv7, type Database, type Logfold } from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { checkProcesses } from '../history-processes.js';
import { wholeLog } from './bookings.js';
import { errands, type OpenedHouse, type Task } from './errands.js';

const PATIENCE = { timeoutMs: 25_000 };

/**
 * Commands from the process managers of one service to the deciders of another, through topics: decided once, in order,
 * and a rejection comes back.
 * @param open makes two empty services that meet in topics; once per suite.
 */
export function remoteCommandsContract(name: string, open: () => Promise<OpenedHouse>): void {
  describe(`${name}: commands between services`, () => {
    let house: OpenedHouse;
    let defined: ReturnType<typeof errands>;
    let asking: Database;
    let answering: Database;
    const running: Logfold[] = [];
    beforeAll(async () => {
      house = await open();
      defined = errands(house.asking, house.answering);
      [asking, answering] = await start();
    }, 120_000);
    afterAll(async () => {
      await Promise.all(running.map((service) => service.stop()));
      await house?.close();
    }, 60_000);

    const start = async (): Promise<[Database, Database]> => {
      const [asker, answerer] = [defined.asker(house), defined.answerer(house)];
      running.push(asker, answerer);
      await Promise.all([asker.start(), answerer.start()]);
      return [asker.database, answerer.database];
    };
    const task = async ({ events }: Database, item: string, pieces: number, how: Task['how'] = 'take') => {
      const opened = { task: uuidv7(), item, pieces, how };
      await events.append({ stream: `task-${opened.task}`, events: [defined.opened(opened)], expected: 'none' });
      return opened.task;
    };
    const shelf = async ({ events }: Database, pieces: number): Promise<string> => {
      const item = uuidv7();
      await events.append({ stream: `shelf-${item}`, events: [defined.put(item, pieces)], expected: 'none' });
      return item;
    };

    test('one is decided by the other service, and what it led to says what caused it', async () => {
      const item = await shelf(answering, 5);
      const done = await task(asking, item, 2);
      await ended(asking, [done], ['taken']);
      const [opened] = await asking.events.readStream(`task-${done}`);
      const taken = (await answering.events.readStream(`shelf-${item}`)).at(-1)!;
      expect(taken).toMatchObject({ type: 'PiecesTaken', data: { pieces: 2, task: done } });
      expect(taken.metadata.correlationId).toBe(opened!.metadata.correlationId);
    });

    test('one that is refused there comes back, once, with its reason', async () => {
      const item = await shelf(answering, 3);
      const tasks = [await task(asking, item, 2), await task(asking, item, 2)];
      await eventually(async () => expect((await ends(asking, tasks)).sort()).toEqual(['short', 'taken']), PATIENCE);
      const refused = tasks[(await ends(asking, tasks)).indexOf('short')]!;
      const heard = (await asking.events.readStream(`errand-${refused}`)).filter(
        ({ type }) => type === 'logfold.RejectionReceived',
      );
      expect(heard.map(({ data }) => data)).toEqual([
        {
          commandId: expect.any(String),
          command: 'Take',
          rejection: { rejected: 'short', message: '1 are free', details: { free: 1 } },
        },
      ]);
    });

    test('those of one instance to one stream are decided in the order in which they were sent', async () => {
      const tasks = await Promise.all(Array.from({ length: 4 }, () => task(asking, uuidv7(), 20, 'put and take')));
      await ended(asking, tasks, ['taken', 'taken', 'taken', 'taken']);
    });

    test('one that its sender sends again, behind all that it has sent, is decided once: its key is kept', async () => {
      const item = await shelf(answering, 5);
      await ended(asking, [await task(asking, item, 2)], ['taken']);
      await start(); // which forgets the keys that may be forgotten
      const { commands, sentType } = commandRoute(house.asking, house.answering);
      const again = (await wholeLog(asking)).find(
        ({ type, data }) => type === sentType && (data as { stream: string }).stream === `shelf-${item}`,
      )!;
      const events = [creatorsOf(commands)[0]!(again.data)];
      await asking.events.append({ stream: again.stream, events, expected: 'any' }); // as after a fork of its log
      await ended(asking, [await task(asking, item, 1)], ['taken']);
      expect(await answering.events.readStream(`shelf-${item}`)).toHaveLength(3);
    });

    test('one that does not fit the other service’s schema is refused as invalid', async () => {
      await ended(asking, [await task(asking, await shelf(answering, 3), -1)], ['invalid']);
    });

    test('one that the other service does not know is parked there, and holds up its own stream only', async () => {
      const [bad, good] = [await shelf(answering, 3), await shelf(answering, 3)];
      await task(asking, bad, 1, 'burn');
      await ended(asking, [await task(asking, good, 1)], ['taken']);
      await eventually(async () => {
        const parked = (await answering.parked.list()).map(({ subscription, key, error }) => [
          subscription,
          key,
          error,
        ]);
        expect(parked).toEqual([
          [`commands from ${house.asking}`, `shelf-${bad}`, expect.stringContaining('which no decider of service')],
        ]);
      }, PATIENCE);
    }, 60_000);

    test.each(['process.after-command', 'process.after-received', 'process.after-react'])(
      'a failure at %s leaves every effect once',
      async (failpoint) => {
        const item = await shelf(answering, 10); // enough for a second time
        await withFailpoint(failpoint, 'throw@1', async () => {
          const tasks = [await task(asking, item, 3), await task(asking, uuidv7(), 1)];
          await ended(asking, tasks, ['taken', 'short']);
        });
        const moves = await answering.events.readStream(`shelf-${item}`);
        expect(moves.map(({ type }) => type)).toEqual(['PiecesPut', 'PiecesTaken']);
      },
    );

    test('more than a stream takes at once, found together after the other service was away, are decided in order', async () => {
      const away = running.filter(({ database }) => database.service === house.answering);
      await Promise.all(away.map((service) => service.stop()));
      const before = await forwarded(asking, house);
      const many = await task(asking, uuidv7(), 1_200, 'put and take');
      await eventually(async () => expect(await forwarded(asking, house)).toBe(before + 1_201), PATIENCE);
      [, answering] = await start();
      await ended(asking, [many], ['taken']);
    }, 60_000);

    test('two processes of each service decide each once', async () => {
      await start();
      const item = await shelf(answering, 12);
      const tasks = await Promise.all(Array.from({ length: 20 }, () => task(asking, item, 1)));
      const sorted = [...Array<string>(8).fill('short'), ...Array<string>(12).fill('taken')];
      await eventually(async () => expect((await ends(asking, tasks)).sort()).toEqual(sorted), PATIENCE);
      expect(await answering.events.readStream(`shelf-${item}`)).toHaveLength(13);
      expect(checkProcesses(await wholeLog(asking))).toEqual([]);
    });

    test('those that nobody takes are the lag of their subscription, for whoever asks how the service is', async () => {
      await Promise.all(running.splice(0).map((service) => service.stop()));
      const asker = defined.asker(house);
      running.push(asker);
      await asker.start();
      await task(asker.database, uuidv7(), 1);
      const watching = defined.answerer(house, 'nothing');
      running.push(watching);
      await watching.start();
      const lags = async (service: Logfold) =>
        (await service.status()).subscriptions.map(({ subscription, source, behind }) => [
          `${subscription} from ${source}`,
          (behind?.positions ?? 0n) > 0n,
        ]);
      const commands = `${house.asking}.commands_to_${house.answering}`;
      await eventually(async () => {
        expect(await lags(watching)).toContainEqual([`commands from ${house.asking} from ${commands}`, true]);
      }, PATIENCE);
      expect((await lags(asker)).map(([name]) => name)).toEqual(
        expect.arrayContaining([
          `errand from ${house.answering}.answers_to_${house.asking}`,
          `commands of processes from ${house.asking}`,
        ]),
      );
    });
  });
}

/** How many commands for the other service stand in the log of the first one. */
async function forwarded(database: Database, { answering }: OpenedHouse): Promise<number> {
  return (await wholeLog(database)).filter(({ stream }) => stream === `logfold_commands-${answering}`).length;
}

async function ended(database: Database, tasks: readonly string[], how: readonly string[]): Promise<void> {
  await eventually(async () => expect(await ends(database, tasks)).toEqual(how), PATIENCE);
}

/** How tasks have ended; '' for one that has not. */
function ends({ events }: Database, tasks: readonly string[]): Promise<string[]> {
  return Promise.all(
    tasks.map(async (task) => {
      const ends = (await events.readStream(`errand-${task}`, { limit: 5_000 })).filter(
        ({ type }) => type === 'TaskEnded',
      );
      return ends.map(({ data }) => (data as { how: string }).how).join();
    }),
  );
}
