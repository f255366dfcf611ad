import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/support/database.js';
import { openDesk } from './writing-reading.js';

const CLIENTS = 64;

let database: TestDatabase;
let desks: Awaited<ReturnType<typeof openDesk>>[] = [];
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await Promise.all(desks.map(({ app }) => app.close()));
  await database.drop();
});

it('64 clients read what they wrote over HTTP, from a process that folds and from one that does not', async () => {
  const readYourWrites = { timeoutMs: 60_000 };
  desks = [
    await openDesk({ database: database.url, readYourWrites }),
    await openDesk({ database: database.url, readYourWrites, run: 'nothing' }),
  ];
  const client = async (number: number): Promise<string[]> => {
    const wrong: string[] = [];
    for (let round = 0; round < 3; round++) {
      const [writing, reading] = [desks[(number + round) % 2]!, desks[Math.floor(number / 2) % 2]!];
      const text = `${number} ${round}`;
      const { headers } = await writing.write([{ id: `n${number}`, text }]);
      const { status, body } = await reading.read(`n${number}`, headers['logfold-position']);
      if (status !== 200 || (body as { text: string }).text !== text)
        wrong.push(JSON.stringify({ text, status, body }));
    }
    return wrong;
  };
  const wrong = await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  expect(wrong.flat()).toEqual([]);
});
